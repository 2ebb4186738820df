//! What a program's build script tells the linker. README.md says what each flag is for.

/// Has the linker make static executables of this package's programs: its build script calls it.
///
/// `link!()` does so for every program of the package, `link!("one", "two")` for these only: the
/// others may be ordinary ones. `link!(constant: "one", "two")` is for programs that have no
/// variable with opt-level `"z"` and 64 bits, and so need no segment for them: each is
/// smaller, and linking fails if there is one. On systems other than Linux nothing is passed.
///
/// A macro, as a build script has std, and this crate has not.
///
/// # Examples
/// ```no_run
/// // In `main` of build.rs:
/// rawshm_start::link!();
/// ```
#[macro_export]
macro_rules! link {
    () => {
        $crate::link!(@ "-bins", false)
    };
    ($($program:literal),+ $(,)?) => {{
        $($crate::link!(@ ::core::concat!("-bin=", $program), false);)+
    }};
    (constant: $($program:literal),+ $(,)?) => {{
        $($crate::link!(@ ::core::concat!("-bin=", $program), true);)+
    }};
    (@ $programs:expr, $constant:literal) => {{
        let variable = |name| ::std::env::var(name).unwrap_or_default();
        let build = $crate::link::Build {
            os: &variable("CARGO_CFG_TARGET_OS"),
            width: &variable("CARGO_CFG_TARGET_POINTER_WIDTH"),
            opt_level: &variable("OPT_LEVEL"),
            linker: [&variable("RUSTC_LINKER"), &variable("CARGO_ENCODED_RUSTFLAGS")],
            constant: $constant,
        };
        for flag in build.flags() {
            ::std::println!("cargo::rustc-link-arg{}={flag}", $programs);
        }
        // `main!` looks whether it is set.
        ::std::println!("cargo::rustc-env=RAWSHM_START_LINKS=");
        for file in $crate::link::FILES {
            ::std::println!("cargo::rerun-if-changed={file}");
        }
        let target = variable("TARGET").to_uppercase().replace(['-', '.'], "_");
        ::std::println!("cargo::rerun-if-env-changed=CARGO_TARGET_{target}_LINKER");
    }};
}

/// What the flags depend on.
#[doc(hidden)]
#[derive(Debug)]
pub struct Build<'a> {
    pub os: &'a str,
    pub width: &'a str,
    pub opt_level: &'a str,
    /// The linker, and the compiler's flags with cargo's separator, which may choose another one.
    pub linker: [&'a str; 2],
    /// Whether the program says that it has no variables.
    pub constant: bool,
}

/// What a build depends on beside the compiler's flags.
#[doc(hidden)]
pub const FILES: [&str; 4] = [
    "build.rs",
    concat!(env!("CARGO_MANIFEST_DIR"), "/layout/constant.ld"),
    concat!(env!("CARGO_MANIFEST_DIR"), "/layout/sections.ld"),
    concat!(env!("CARGO_MANIFEST_DIR"), "/layout/variables.ld"),
];

/// A linker script, after the folder of what it includes.
type Script = [&'static str; 2];

const FOLDER: &str = concat!("-L", env!("CARGO_MANIFEST_DIR"), "/layout");

const VARIABLES: Script = [
    FOLDER,
    concat!("-T", env!("CARGO_MANIFEST_DIR"), "/layout/variables.ld"),
];

const CONSTANT: Script = [
    FOLDER,
    concat!("-T", env!("CARGO_MANIFEST_DIR"), "/layout/constant.ld"),
];

impl Build<'_> {
    /// The flags of a program. Each is spelled so that both a linker and a C compiler that drives
    /// one know it: rustc may call either.
    pub fn flags(&self) -> impl Iterator<Item = &'static str> {
        let flags = ["-static", self.no_pie(), "-nostdlib", "-erawshm_start"];
        let script = self.script().into_iter().flatten();
        let is_linux = self.os == "linux";
        flags.into_iter().chain(script).filter(move |_| is_linux)
    }

    /// For musl targets rustc asks for `-static-pie`, which clang refuses together with `-no-pie`.
    fn no_pie(&self) -> &'static str {
        let mut names = self.linkers().filter_map(|flag| flag.rsplit('/').next());
        let is_clang = names.any(|name| name.contains("clang"));
        if is_clang { "-Wl,-no-pie" } else { "-no-pie" }
    }

    /// None for an unoptimised build, whose unwinding tables are for debuggers. On 32-bit targets
    /// rustix always has variables.
    fn script(&self) -> Option<Script> {
        match self.opt_level {
            "0" => None,
            _ if !self.linker_reads_scripts() => None,
            "z" if self.constant && self.width == "64" => Some(CONSTANT),
            _ => Some(VARIABLES),
        }
    }

    /// mold knows no such scripts, and gold fails with them.
    fn linker_reads_scripts(&self) -> bool {
        !self
            .linkers()
            .any(|flag| flag.ends_with("mold") || flag.ends_with("gold"))
    }

    /// The linker, and every flag that may choose another one.
    fn linkers(&self) -> impl Iterator<Item = &str> {
        self.linker.iter().flat_map(|flags| flags.split('\x1f'))
    }
}
