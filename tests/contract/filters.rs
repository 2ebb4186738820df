//! What the contract is for a filter of system calls: profiles of container runtimes, lines for
//! systemd, and programs for `seccomp`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use rawshm_tests::repository;
use serde::{Deserialize, Serialize};

use crate::data::{Contract, PROGRAMS};

/// All that one kind of process calls.
pub struct Role {
    pub name: &'static str,
    pub calls: BTreeSet<String>,
}

/// What a process does that has mapped a snapshot: it loads or stores, sleeps or wakes, and ends.
const MAPPED: [&str; 5] = [
    "snapshot::Deadline::after",
    "snapshot::Reader::load",
    "snapshot::Reader::next",
    "snapshot::Writer::notify",
    "snapshot::Writer::store",
];

/// Memory that these make accessible must not become executable.
const PROTECTING: [&str; 3] = ["mmap", "mmap2", "mprotect"];

pub fn roles(contract: &Contract) -> Vec<Role> {
    let mut roles: Vec<_> = PROGRAMS
        .iter()
        .map(|name| Role {
            name,
            calls: contract.programs[*name].calls().cloned().collect(),
        })
        .collect();
    let functions = MAPPED
        .iter()
        .flat_map(|name| contract.functions[*name].calls());
    let drops = ["Mapping", "Object", "snapshot::Reader", "snapshot::Writer"];
    let drops = drops.iter().flat_map(|name| &contract.drops[*name]);
    let mut calls: BTreeSet<_> = functions.cloned().collect();
    calls.extend(drops.map(|call| call.name.clone()));
    calls.insert("exit_group".into());
    roles.push(Role {
        name: "mapped",
        calls,
    });
    roles
}

/// What container runtimes call by themselves under the filter of the program that they start, by
/// trial.
pub struct Runtimes(BTreeMap<String, Runtime>);

#[derive(Deserialize)]
struct Runtime {
    in_each: BTreeSet<String>,
    in_some: BTreeSet<String>,
}

impl Runtimes {
    pub fn read() -> Self {
        let data = std::fs::read_to_string(repository().join("contract/runtimes.toml"));
        Self(toml::from_str(&data.expect("the trial's result")).expect("TOML"))
    }

    /// The roles of the programs as each runtime starts them.
    pub fn starting<'a>(&'a self, roles: &'a [Role]) -> impl Iterator<Item = (&'a str, Role)> {
        let programs = || roles.iter().filter(|role| role.is_a_program());
        self.0.iter().flat_map(move |(name, runtime)| {
            let own = runtime.in_each.union(&runtime.in_some);
            let own: BTreeSet<_> = own.cloned().collect();
            programs().map(move |role| {
                let (program, calls) = (role.name, &role.calls | &own);
                let name = name.as_str();
                let role = Role {
                    name: program,
                    calls,
                };
                (name, role)
            })
        })
    }
}

impl Role {
    /// Whether it is a program, which a runtime starts.
    pub fn is_a_program(&self) -> bool {
        PROGRAMS.contains(&self.name)
    }

    /// Its calls, by their names on every architecture.
    fn names<'a>(&'a self, contract: &'a Contract) -> BTreeMap<&'a str, Option<&'a str>> {
        let mut names: BTreeMap<&str, Option<&str>> = BTreeMap::new();
        for call in &self.calls {
            names.insert(call, None);
        }
        for call in &self.calls {
            let known = contract.calls.get(call);
            for (architecture, others) in known.iter().flat_map(|known| &known.names) {
                for other in others {
                    names.entry(other).or_insert(Some(architecture));
                }
            }
        }
        names
    }

    /// As well, what is called besides on some architectures.
    fn names_and_first<'a>(&'a self, contract: &'a Contract) -> BTreeMap<&'a str, Option<&'a str>> {
        let mut names = self.names(contract);
        for (architecture, first) in &contract.first {
            // A process that has mapped something has made its first call.
            for call in first.older.iter().filter(|_| self.is_a_program()) {
                names.entry(call).or_insert(Some(architecture));
            }
        }
        names
    }

    /// A profile as container runtimes take it.
    pub fn profile(&self, contract: &Contract) -> impl Serialize {
        let names = self.names(contract);
        let names = |protecting: bool| {
            let names = names.keys().copied();
            names
                .filter(|name| PROTECTING.contains(name) == protecting)
                .collect::<Vec<_>>()
        };
        serde_json::json!({
            "defaultAction": "SCMP_ACT_KILL_PROCESS",
            "syscalls": [
                { "action": "SCMP_ACT_ALLOW", "names": names(false) },
                {
                    "names": names(true),
                    "action": "SCMP_ACT_ALLOW",
                    "args": [{ "index": 2, "value": 4, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ" }],
                },
            ],
        })
    }
}

/// A drop-in for each role's service.
pub fn systemd(role: &Role) -> String {
    let calls: Vec<_> = role.calls.iter().map(String::as_str).collect();
    format!(
        "# Generated from contract/syscalls.json, for 64-bit machines. systemd always allows its set
# @default, too.
[Service]
SystemCallFilter={}
SystemCallArchitectures=native
MemoryDenyWriteExecute=yes
NoNewPrivileges=yes
",
        calls.join(" ")
    )
}

/// The filters as arrays of `struct sock_filter`, for C.
pub fn in_c(contract: &Contract, roles: &[Role]) -> String {
    let mut text = String::from(C_HEAD);
    let all = roles.iter().flat_map(|role| role.names_and_first(contract));
    for (name, only_on) in all.collect::<BTreeSet<_>>() {
        let mut place =
            only_on.map_or(String::new(), |place| format!(" && {}", c_condition(place)));
        for elsewhere in contract.only_others(name, only_on) {
            write!(place, " && !({})", c_condition(elsewhere)).expect("memory");
        }
        let (define, allow) = (c_macro(name, only_on), allow(name).to_uppercase());
        write!(
            text,
            "#if defined(__NR_{name}){place}\n#define {define} RAWSHM_{allow}(__NR_{name})\n\
             #else\n#define {define}\n#endif\n"
        )
        .expect("memory");
    }
    for role in roles {
        let define = role.name.to_uppercase();
        write!(
            text,
            "\n#define RAWSHM_FILTER_{define} {{ \\\n    RAWSHM_BEGIN \\\n"
        )
        .expect("memory");
        for (name, only_on) in role.names_and_first(contract) {
            writeln!(text, "    {} \\", c_macro(name, only_on)).expect("memory");
        }
        text += "    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS), \\\n}\n";
    }
    text += "\n#endif\n";
    text
}

fn c_macro(name: &str, only_on: Option<&str>) -> String {
    let place = only_on.map_or(String::new(), |place| {
        format!("_ON_{}", place.replace('-', "_"))
    });
    format!("RAWSHM_ALLOW_{name}{place}")
}

fn c_condition(place: &str) -> &'static str {
    match place {
        "32-bit" => "__SIZEOF_POINTER__ == 4",
        "riscv64" => "defined(__riscv)",
        "x86" => "defined(__i386__)",
        _ => unreachable!("{place}"),
    }
}

fn rust_condition(place: &str) -> &'static str {
    match place {
        "32-bit" => "target_pointer_width = \"32\"",
        "riscv64" => "target_arch = \"riscv64\"",
        "x86" => "target_arch = \"x86\"",
        _ => unreachable!("{place}"),
    }
}

/// How a call is allowed, as the heads of both languages define it.
fn allow(name: &str) -> &'static str {
    if PROTECTING.contains(&name) {
        "without_exec"
    } else {
        "always"
    }
}

/// The filters as constants, for a Rust program that includes them.
pub fn in_rust(contract: &Contract, roles: &[Role]) -> String {
    let mut text = String::from(RUST_HEAD);
    for role in roles {
        write!(
            text,
            "\n/// All that `{}` calls.\n#[rustfmt::skip]\n",
            role.name
        )
        .expect("memory");
        writeln!(
            text,
            "pub const {}: &[sock_filter] = &[",
            role.name.to_uppercase()
        )
        .expect("memory");
        text += "    ARCHITECTURE[0], ARCHITECTURE[1], ARCHITECTURE[2], ARCHITECTURE[3],\n";
        for (name, only_on) in role.names_and_first(contract) {
            let mut cfg = only_on.map_or(String::new(), |place| {
                format!("#[cfg({})] ", rust_condition(place))
            });
            for elsewhere in contract.only_others(name, only_on) {
                write!(cfg, "#[cfg(not({}))] ", rust_condition(elsewhere)).expect("memory");
            }
            let allow = allow(name);
            let parts = if allow == "always" { 0..2 } else { 0..5 };
            let parts: Vec<_> = parts
                .map(|part| format!("{cfg}{allow}(SYS_{name})[{part}],"))
                .collect();
            let between = if cfg.is_empty() { " " } else { "\n    " };
            writeln!(text, "    {}", parts.join(between)).expect("memory");
        }
        text += "    KILL,\n];\n";
    }
    text
}

const C_HEAD: &str = r"/* Filters of system calls for seccomp. Generated from syscalls.json.
 *
 *     static struct sock_filter filter[] = RAWSHM_FILTER_READER;
 *
 * Each allows the calls of the program of that name. RAWSHM_FILTER_MAPPED is for a process that
 * has mapped a snapshot, and from then on loads or stores, sleeps or wakes, and ends. Anything
 * else, and memory that is executable, kills the process: also what the C library writes at its
 * end, or takes from the system for malloc. Add such calls in front of the last statement, with
 * RAWSHM_ALWAYS. */
#ifndef RAWSHM_FILTERS_H
#define RAWSHM_FILTERS_H

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define RAWSHM_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define RAWSHM_ARCHITECTURE AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define RAWSHM_ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define RAWSHM_ARCHITECTURE AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define RAWSHM_ARCHITECTURE AUDIT_ARCH_RISCV64
#else
#error rawshm has no filters for this architecture
#endif

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define RAWSHM_LOW 4
#else
#define RAWSHM_LOW 0
#endif

#define RAWSHM_BEGIN \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)), \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RAWSHM_ARCHITECTURE, 1, 0), \
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS), \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),

#define RAWSHM_ALWAYS(number) \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), \
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),

#define RAWSHM_WITHOUT_EXEC(number) \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 4), \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2]) + RAWSHM_LOW), \
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1), \
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS), \
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),

";

const RUST_HEAD: &str = r#"// Filters of system calls for seccomp. Generated from syscalls.json.
//
//     mod filters {
//         use libc::*;
//         include!(...);
//     }
//
// Each allows the calls of the program of that name. MAPPED is for a process that has mapped a
// snapshot, and from then on loads or stores, sleeps or wakes, and ends. Anything else, and memory
// that is executable, kills the process: also what std writes at its end, or takes from the system
// for the heap. Add such calls in front of the last statement.

// The libc crate does not have these everywhere. They are the same on all 32-bit architectures.
#[cfg(target_pointer_width = "32")]
#[allow(non_upper_case_globals, reason = "as in the libc crate")]
const SYS_clock_gettime64: c_long = 403;
#[cfg(target_pointer_width = "32")]
#[allow(non_upper_case_globals, reason = "as in the libc crate")]
const SYS_clock_nanosleep_time64: c_long = 407;
#[cfg(target_pointer_width = "32")]
#[allow(non_upper_case_globals, reason = "as in the libc crate")]
const SYS_ppoll_time64: c_long = 414;
#[cfg(target_pointer_width = "32")]
#[allow(non_upper_case_globals, reason = "as in the libc crate")]
const SYS_futex_time64: c_long = 422;

const fn statement(code: u32, jt: u8, jf: u8, k: u32) -> sock_filter {
    sock_filter { code: code as u16, jt, jf, k }
}

const LOAD: u32 = BPF_LD | BPF_W | BPF_ABS;
const ALLOW: sock_filter = statement(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
const KILL: sock_filter = statement(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);

// Of <linux/audit.h>.
#[cfg(target_arch = "x86_64")]
const THIS: u32 = 0xc000_003e;
#[cfg(target_arch = "x86")]
const THIS: u32 = 0x4000_0003;
#[cfg(target_arch = "arm")]
const THIS: u32 = 0x4000_0028;
#[cfg(target_arch = "aarch64")]
const THIS: u32 = 0xc000_00b7;
#[cfg(target_arch = "riscv64")]
const THIS: u32 = 0xc000_00f3;
#[cfg(not(any(
    target_arch = "x86_64",
    target_arch = "x86",
    target_arch = "aarch64",
    target_arch = "arm",
    target_arch = "riscv64"
)))]
compile_error!("rawshm has no filters in Rust for this architecture");

const ARCHITECTURE: [sock_filter; 4] = [
    statement(LOAD, 0, 0, core::mem::offset_of!(seccomp_data, arch) as u32),
    statement(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, THIS),
    KILL,
    statement(LOAD, 0, 0, core::mem::offset_of!(seccomp_data, nr) as u32),
];

const fn always(number: c_long) -> [sock_filter; 2] {
    [statement(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, number as u32), ALLOW]
}

const fn without_exec(number: c_long) -> [sock_filter; 5] {
    // The lower half of the third argument.
    let third = core::mem::offset_of!(seccomp_data, args) as u32 + 16;
    [
        statement(BPF_JMP | BPF_JEQ | BPF_K, 0, 4, number as u32),
        statement(LOAD, 0, 0, third),
        statement(BPF_JMP | BPF_JSET | BPF_K, 0, 1, PROT_EXEC as u32),
        KILL,
        ALLOW,
    ]
}
"#;
