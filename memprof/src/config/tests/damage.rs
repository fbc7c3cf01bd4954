//! Damaged files.

use std::fs;

use super::shipped;
use crate::Error;
use crate::config::Config;

#[test]
fn no_damage_to_a_file_makes_reading_it_panic() {
    let text = shipped();
    let bytes = text.as_bytes();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory_profile.toml");
    let mut refused = 0;
    let mut check = |bytes: &[u8]| {
        let result = match std::str::from_utf8(bytes) {
            Ok(text) => Config::from_toml(text, "memory_profile.toml"),
            // Only a file can contain it.
            Err(_) => {
                fs::write(&path, bytes).unwrap();
                Config::from_file(&path)
            }
        };
        if let Err(error) = result {
            refused += 1;
            assert_eq!(error.to_string().lines().count(), 1, "{error}");
            assert!(matches!(error, Error::Config { .. }), "{error}");
        }
    };
    for end in 0..bytes.len() {
        check(&bytes[..end]);
    }
    // Comments are most of the file and hide the damage; the rest is all syntax.
    let bare: String = text.lines().filter(|line| !line.starts_with('#')).flat_map(|line| [line, "\n"]).collect();
    let bare = bare.as_bytes();
    for position in 0..bare.len() {
        for byte in [0, b'\n', b'\r', b'"', b'\'', b'\\', b'[', b']', b'{', b'=', b'.', b'#', b'0', 0x7f, 0x80, 0xff] {
            let mut damaged = bare.to_vec();
            damaged[position] = byte;
            check(&damaged);
            damaged.insert(position, bare[position]);
            check(&damaged);
        }
        let mut shorter = bare.to_vec();
        shorter.remove(position);
        check(&shorter);
    }
    assert!(refused > 1000, "{refused}");
}
