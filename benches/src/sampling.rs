//! Times things side by side, and sums the samples up.

use std::error::Error;
use std::time::{Duration, Instant};

pub type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Long enough that reading the clock costs nothing, short enough that a disturbance spoils few samples.
const BATCH: Duration = Duration::from_micros(100);

/// Ratios that are nearer to each other than this are equal, however many samples say otherwise.
const NOISE_MIN: f64 = 0.01;

/// Fewer samples of each are not worth a median.
const SAMPLES_MIN: usize = 15;

/// One of the things that are compared.
pub struct Case<'a> {
    pub label: String,
    batch: Box<dyn FnMut(u32) -> Outcome + 'a>,
}

impl<'a> Case<'a> {
    pub fn new(label: &str, mut round: impl FnMut() -> Outcome + 'a) -> Self {
        let batch = move |rounds| {
            for _ in 0..rounds {
                round()?;
            }
            Ok(())
        };
        Self {
            label: label.into(),
            batch: Box::new(batch),
        }
    }

    /// Runs it so many times, and gives the nanoseconds of each.
    pub fn run(&mut self, rounds: u32) -> Outcome<f64> {
        let begin = Instant::now();
        (self.batch)(rounds)?;
        Ok(begin.elapsed().as_secs_f64() * 1e9 / f64::from(rounds))
    }

    fn rounds_per_batch(&mut self) -> Outcome<u32> {
        let mut rounds = 1;
        loop {
            let begin = Instant::now();
            (self.batch)(rounds)?;
            if begin.elapsed() >= BATCH {
                return Ok(rounds);
            }
            rounds *= 2;
        }
    }
}

/// What was measured of several things, each sample of one beside those of the others.
pub struct Samples(Vec<Vec<f64>>);

impl Samples {
    /// Takes a sample of each in turn, so that a disturbance hits all alike, and in a new order every turn, so that
    /// none is always measured right behind the same other one, whose traces in the caches it would find.
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

    /// Takes samples of cases, in nanoseconds for a round.
    pub fn of(cases: &mut [Case], lasting: Duration) -> Outcome<Self> {
        let rounds = cases
            .iter_mut()
            .map(Case::rounds_per_batch)
            .collect::<Outcome<Vec<_>>>()?;
        Self::take(cases.len(), lasting, |which| {
            cases[which].run(rounds[which])
        })
    }

    pub fn count(&self) -> usize {
        self.0[0].len()
    }

    pub fn median(&self, which: usize) -> f64 {
        quantile(self.0[which].clone(), 0.5)
    }

    /// How far apart the quartiles are, in percent of the median.
    pub fn spread(&self, which: usize) -> f64 {
        let samples = &self.0[which];
        let apart = quantile(samples.clone(), 0.75) - quantile(samples.clone(), 0.25);
        apart / self.median(which) * 100.0
    }

    /// How many times as long one takes as another: the median over the turns, in each of which they are neighbours.
    pub fn ratio(&self, which: usize, base: usize) -> f64 {
        let pairs = self.0[which].iter().zip(&self.0[base]);
        quantile(pairs.map(|(one, other)| one / other).collect(), 0.5)
    }

    /// How far ratios are to be trusted: what the same thing, measured twice, differs from itself, or a hundredth.
    pub fn noise(&self, one: usize, again: usize) -> f64 {
        (self.ratio(one, again) - 1.0).abs().max(NOISE_MIN)
    }
}

/// Makes any order of the things as likely as any other; the same ones in every run.
fn shuffle(things: &mut [usize], random: &mut u64) {
    for last in (1..things.len()).rev() {
        *random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let choice = (*random >> 33) % (last as u64 + 1);
        things.swap(last, usize::try_from(choice).expect("at most `last`"));
    }
}

fn quantile(mut samples: Vec<f64>, part: f64) -> f64 {
    samples.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place among few samples"
    )]
    let place = ((samples.len() - 1) as f64 * part).round() as usize;
    samples[place]
}
