//! Times things side by side, and summarises the samples.

use std::error::Error;
use std::time::{Duration, Instant};

pub type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Long enough that reading the clock does not matter, short enough that a disturbance spoils few
/// samples.
const BATCH: Duration = Duration::from_micros(100);

/// Ratios that differ by less than this are considered equal, whatever the number of samples.
const NOISE_MIN: f64 = 0.01;

/// The fewest samples for a meaningful median.
const SAMPLES_MIN: usize = 15;

/// One of the things that are compared.
pub struct Case<'a> {
    batch: Box<dyn FnMut(u32) -> Outcome + 'a>,
}

impl<'a> Case<'a> {
    pub fn new(mut round: impl FnMut() -> Outcome + 'a) -> Self {
        Self::of_batches(move |rounds| {
            for _ in 0..rounds {
                round()?;
            }
            Ok(())
        })
    }

    /// One that runs its own rounds.
    pub fn of_batches(batch: impl FnMut(u32) -> Outcome + 'a) -> Self {
        Self {
            batch: Box::new(batch),
        }
    }

    /// Runs a number of rounds, and returns the nanoseconds of one.
    pub fn run(&mut self, rounds: u32) -> Outcome<f64> {
        let begin = Instant::now();
        (self.batch)(rounds)?;
        Ok(begin.elapsed().as_secs_f64() * 1e9 / f64::from(rounds))
    }

    fn rounds_per_batch(&mut self) -> Outcome<u32> {
        let mut rounds = 1;
        while !self.is_long(rounds)? {
            rounds *= 2;
        }
        Ok(rounds)
    }

    /// Whether every one of several batches is long: one alone can be so by a disturbance, and then
    /// reading the clock would be most of each sample.
    fn is_long(&mut self, rounds: u32) -> Outcome<bool> {
        for _ in 0..3 {
            let begin = Instant::now();
            (self.batch)(rounds)?;
            if begin.elapsed() < BATCH {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The samples of several things, taken in turns.
pub struct Samples(Vec<Vec<f64>>);

impl Samples {
    /// Takes one sample of each thing a turn, so that a disturbance affects all of them. The order
    /// changes every turn, so that no thing always runs after the same other one, with the caches
    /// that this leaves.
    pub fn take(
        things: usize,
        lasting: Duration,
        mut sample: impl FnMut(usize) -> Outcome<f64>,
    ) -> Outcome<Self> {
        let mut all = vec![Vec::new(); things];
        let end = Instant::now() + lasting;
        let mut order: Vec<usize> = (0..things).collect();
        let mut random = 1;
        while all[0].len() < SAMPLES_MIN || Instant::now() < end {
            shuffle(&mut order, &mut random);
            for &which in &order {
                all[which].push(sample(which)?);
            }
        }
        Ok(Self(all))
    }

    /// Takes samples of cases, in nanoseconds per round.
    pub fn of(cases: &mut [Case], lasting: Duration) -> Outcome<Self> {
        let rounds = cases
            .iter_mut()
            .map(Case::rounds_per_batch)
            .collect::<Outcome<Vec<_>>>()?;
        Self::take(cases.len(), lasting, |which| {
            cases[which].run(rounds[which])
        })
    }

    pub fn median(&self, which: usize) -> f64 {
        quantile(self.0[which].clone(), 0.5)
    }

    /// Of a hundred samples, 99 are no larger.
    pub fn p99(&self, which: usize) -> f64 {
        quantile(self.0[which].clone(), 0.99)
    }

    /// The distance of the quartiles in percent of the median.
    pub fn spread(&self, which: usize) -> f64 {
        let samples = &self.0[which];
        let apart = quantile(samples.clone(), 0.75) - quantile(samples.clone(), 0.25);
        apart / self.median(which) * 100.0
    }

    /// How many times as long one takes as another: the median of the ratios of all turns.
    pub fn ratio(&self, which: usize, base: usize) -> f64 {
        let pairs = self.0[which].iter().zip(&self.0[base]);
        quantile(pairs.map(|(one, other)| one / other).collect(), 0.5)
    }

    /// The noise of ratios: how much the same thing, measured twice, differs from itself, but at
    /// least a hundredth.
    pub fn noise(&self, one: usize, again: usize) -> f64 {
        (self.ratio(one, again) - 1.0).abs().max(NOISE_MIN)
    }
}

/// Shuffles the things. Every order is equally likely, and every run has the same ones.
fn shuffle(things: &mut [usize], random: &mut u64) {
    for last in (1..things.len()).rev() {
        *random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let choice = (*random >> 33) % (last as u64 + 1);
        things.swap(last, usize::try_from(choice).expect("at most `last`"));
    }
}

/// The sample below which this part of all samples is.
pub fn quantile(mut samples: Vec<f64>, part: f64) -> f64 {
    samples.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index of a few samples"
    )]
    let place = ((samples.len() - 1) as f64 * part).round() as usize;
    samples[place]
}

/// The median of a few figures: of two, their mean.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures.len() % 2 {
        0 if middle > 0 => f64::midpoint(figures[middle - 1], figures[middle]),
        _ => figures.get(middle).copied().unwrap_or(f64::NAN),
    }
}
