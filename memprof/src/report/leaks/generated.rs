//! Functions that a macro generated: their lines are those of an attribute, and do not show the origin of a block.

use crate::report::name::slashes;

/// Traits that are usually derived, by the last part of their path. Even if written by hand they work for their caller:
/// the memory of `clone` or `fmt` is requested by the caller.
const DERIVED: [&str; 19] = [
    "Clone",
    "Debug",
    "Display",
    "Default",
    "Hash",
    "PartialEq",
    "Eq",
    "PartialOrd",
    "Ord",
    "Serialize",
    "Deserialize",
    "DeserializeSeed",
    "Visitor",
    "Message",
    "FromRow",
    "Queryable",
    "Encode",
    "Decode",
    "Archive",
];

/// Their methods: with line tables alone, the name of an inlined function has no path.
const METHODS: [&str; 15] = [
    "clone",
    "clone_from",
    "fmt",
    "default",
    "hash",
    "eq",
    "partial_cmp",
    "cmp",
    "serialize",
    "deserialize",
    "visit_map",
    "visit_seq",
    "visit_enum",
    "from_arg_matches",
    "from_arg_matches_mut",
];

/// True if a macro has probably generated this function of this file.
pub(super) fn is_generated(function: &str, file: &str) -> bool {
    // Derives that need names of their own are in `const _: () = { … }`.
    let is_in_anonymous_const = function.starts_with("_::") || function.contains("::_::");
    is_in_anonymous_const || is_of_derived_trait(function) || METHODS.contains(&function) || is_of_build_script(file)
}

fn is_of_derived_trait(function: &str) -> bool {
    trait_of(function).is_some_and(|path| {
        let path = path.split('<').next().unwrap_or_default();
        let last = path.rsplit("::").next().unwrap_or_default();
        DERIVED.contains(&last) || path.split("::").any(|part| part == "derive")
    })
}

/// Trait of a method: `a::Trait` of `<T as a::Trait>::f` and of `m::<impl a::Trait for T>::f`.
fn trait_of(function: &str) -> Option<&str> {
    if let Some((_, rest)) = function.split_once("<impl ") {
        return rest.split_once(" for ").map(|(path, _)| path);
    }
    let inside = within_brackets(function)?;
    // The last one: the type can be a projection of another trait.
    inside.rsplit_once(" as ").map(|(_, path)| path).filter(|path| !path.contains(">::"))
}

/// The text between the first character, a `<`, and its closing `>`.
fn within_brackets(name: &str) -> Option<&str> {
    let inside = name.strip_prefix('<')?;
    let mut depth = 1_usize;
    let mut previous = ' ';
    for (index, letter) in inside.char_indices() {
        match letter {
            '<' => depth += 1,
            // The arrow of `fn(A) -> B` closes no bracket.
            '>' if previous != '-' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return inside.get(..index);
        }
        previous = letter;
    }
    None
}

/// True if a file is where cargo's build scripts write: `…/build/name-0123456789abcdef/out/…`.
fn is_of_build_script(file: &str) -> bool {
    let file = slashes(file);
    let Some((package, inside)) = file.split_once("/build/").and_then(|(_, rest)| rest.split_once('/')) else {
        return false;
    };
    let hash = package.rsplit_once('-').map_or("", |(_, hash)| hash);
    hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) && inside.starts_with("out/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derives_are_known_by_their_traits_and_where_they_stand() {
        for generated in [
            "app::_::<impl serde_core::ser::Serialize for app::Query>::serialize",
            "<app::_::<impl serde_core::de::Deserialize for app::Query>::deserialize::__Visitor as serde_core::de::Visitor>::visit_map",
            "<app::Query as core::clone::Clone>::clone",
            "<app::Query<T> as core::fmt::Debug>::fmt",
            "<app::Query as serde_core::ser::Serialize>::serialize::<&mut serde_json::ser::Serializer<&mut alloc::vec::Vec<u8>>>",
            "<app::Args as clap_builder::derive::FromArgMatches>::from_arg_matches_mut::{{closure}}",
            "<app::Row as sqlx_core::from_row::FromRow<sqlx::Row>>::from_row",
            "clone",
            "visit_map",
        ] {
            assert!(is_generated(generated, "src/main.rs"), "{generated}");
        }
        for by_hand in [
            "app::clone_all",
            "app::serialize",
            "<app::Chunks as core::iter::traits::iterator::Iterator>::next",
            "<app::Store as app::Search>::insert",
            "<app::Service as tower_service::Service<app::Request>>::call",
            "app::debugged",
            "{closure#0}",
        ] {
            assert!(!is_generated(by_hand, "src/main.rs"), "{by_hand}");
        }
    }

    #[test]
    fn what_a_build_script_wrote_is_generated() {
        assert!(is_generated("app::proto::Query::new", "/w/target/debug/build/app-0123456789abcdef/out/proto.rs"));
        assert!(!is_generated("app::build::new", "/w/src/build/out/proto.rs"));
        assert!(!is_generated("app::build::new", "/w/build/app-0123456789abcdef/src/proto.rs"));
    }

    #[test]
    fn a_trait_is_read_from_both_forms_of_a_name() {
        assert_eq!(trait_of("<T as a::Trait<u8>>::f"), Some("a::Trait<u8>"));
        assert_eq!(trait_of("m::<impl a::Trait for T>::f"), Some("a::Trait"));
        assert_eq!(trait_of("<A<<T as b::Of>::Item> as a::Trait>::f"), Some("a::Trait"));
        assert_eq!(trait_of("<T as a::Trait>::f::<<X as b::Of>::Item>"), Some("a::Trait"));
        assert_eq!(trait_of("<<T as b::Of>::Item>::f"), None);
        assert_eq!(trait_of("<a::Type>::f"), None);
        assert_eq!(trait_of("a::f"), None);
    }
}
