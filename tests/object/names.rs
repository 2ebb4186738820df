//! Names: which are valid, and which are the same. No object is touched.

use core::ffi::CStr;
use std::collections::HashSet;

use rawshm::{Errno, Name, Operation};

fn refused(name: &[u8]) -> Errno {
    let error = Name::from_bytes(name).expect_err("a bad name");
    assert_eq!(error.operation(), Operation::Name);
    error.errno()
}

#[test]
fn a_name_of_slashes_only_is_invalid() {
    for name in ["", "/", "//", "///"] {
        assert_eq!(refused(name.as_bytes()), Errno::INVAL, "{name:?}");
    }
}

#[test]
fn one_and_two_dots_are_invalid_and_three_are_a_name() {
    for name in [".", "..", "/.", "/..", "//."] {
        assert_eq!(refused(name.as_bytes()), Errno::INVAL, "{name:?}");
    }
    for name in ["...", "/...", ".a", "..a", "a."] {
        assert!(Name::new(name).is_ok(), "{name:?}");
    }
}

#[test]
fn an_inner_or_trailing_slash_is_invalid() {
    for name in ["a/b", "/a/b", "a/", "/a/", "/a//", "/../a", "../a", "./a"] {
        assert_eq!(refused(name.as_bytes()), Errno::INVAL, "{name:?}");
    }
}

#[test]
fn a_nul_inside_is_invalid() {
    for name in [&b"\0"[..], b"/a\0", b"a\0b"] {
        assert_eq!(refused(name), Errno::INVAL, "{name:?}");
    }
}

#[test]
fn leading_slashes_do_not_matter() {
    let one = Name::new("/x").expect("valid");
    for same in ["x", "//x", "///x"] {
        assert_eq!(Name::new(same).expect("valid"), one);
    }
    assert_eq!(one.as_bytes(), b"/x");
    assert_eq!(one.as_c_str(), c"/x");
    assert_eq!(one.to_string(), "/x");
}

#[test]
#[cfg(target_os = "linux")]
fn a_name_has_255_bytes_at_most_whatever_its_slashes() {
    assert_eq!(Name::MAX, 255);
    for slashes in ["", "/", "////"] {
        let longest = format!("{slashes}{}", "x".repeat(255));
        let name = Name::new(&longest).expect("valid");
        assert_eq!(name.as_bytes().len(), 256);
        let longer = format!("{slashes}{}", "x".repeat(256));
        assert_eq!(refused(longer.as_bytes()), Errno::NAMETOOLONG);
        let much_longer = format!("{slashes}{}", "x".repeat(100_000));
        assert_eq!(refused(much_longer.as_bytes()), Errno::NAMETOOLONG);
    }
}

#[test]
fn slashes_are_judged_before_length() {
    let name = format!("/{}/b", "x".repeat(300));
    assert_eq!(refused(name.as_bytes()), Errno::INVAL);
    let name = format!("/{}/", "x".repeat(255));
    assert_eq!(refused(name.as_bytes()), Errno::INVAL);
}

#[test]
fn the_portable_limit_is_30_bytes_after_the_slash() {
    let longest = format!("/{}", "x".repeat(30));
    assert_eq!(longest.len(), 31);
    assert!(Name::portable(&longest).is_ok());
    let error = Name::portable(&format!("/{}", "x".repeat(31))).expect_err("too long");
    assert_eq!(error.errno(), Errno::NAMETOOLONG);
    assert_eq!(
        Name::portable("a/b").expect_err("bad").errno(),
        Errno::INVAL
    );
}

#[test]
fn a_name_can_be_a_const_and_a_static() {
    const CONST: Name = Name::from_static("/frames");
    static STATIC: Name = Name::from_static("frames");
    assert_eq!(CONST, STATIC);
}

#[test]
#[should_panic(expected = "not a valid name")]
fn a_bad_literal_outside_of_a_const_panics_as_documented() {
    let _ = Name::from_static("a/b");
}

#[test]
fn a_name_need_not_be_utf8() {
    let name = Name::from_bytes(b"/caf\xe9!").expect("valid");
    assert_eq!(name.as_bytes(), b"/caf\xe9!");
    assert_eq!(name.to_string(), "/caf\u{fffd}!");
    assert!(format!("{name:?}").contains("caf\\xe9"));
}

#[test]
fn the_conversions_agree() {
    let name = Name::new("/x").expect("valid");
    assert_eq!("x".parse::<Name>().expect("valid"), name);
    assert_eq!(Name::try_from("x").expect("valid"), name);
    let c: &CStr = c"/x";
    assert_eq!(Name::try_from(c).expect("valid"), name);
    let mut buffer = core::mem::MaybeUninit::uninit();
    assert_eq!(Name::write(&mut buffer, b"x").expect("valid"), &name);
    #[cfg(feature = "std")]
    assert_eq!(
        Name::try_from(std::ffi::OsStr::new("x")).expect("valid"),
        name
    );
}

#[test]
fn names_hash_and_order_by_their_bytes() {
    let [a, b, again] = ["/a", "/b", "a"].map(|name| Name::new(name).expect("valid"));
    assert!(a < b);
    assert_eq!(HashSet::from([a, b, again]).len(), 2);
}

#[test]
fn no_name_of_any_bytes_panics_or_keeps_an_inner_slash_or_nul() {
    proptest::proptest!(|(name: Vec<u8>)| {
        if let Ok(valid) = Name::from_bytes(&name) {
            let [b'/', rest @ ..] = valid.as_bytes() else { panic!("no slash") };
            assert!((1..=Name::MAX).contains(&rest.len()));
            assert!(!rest.contains(&b'/') && !rest.contains(&0));
            assert!(name.ends_with(rest));
            assert_eq!(Name::from_bytes(rest).expect("valid"), valid);
        }
    });
}
