//! Names of sites: from the compiler's name of a marker to the path that a person would write.

use crate::tracker::{Site, SiteName};

/// Path of a function: the short form, and the form with the trait if it is in a trait's impl.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FunctionPath {
    /// `crate::module::Type::function`
    pub(crate) short: String,
    /// `<crate::module::Type as crate::Trait>::function`; equal to `short` without a trait.
    pub(crate) with_trait: String,
}

/// The name of a site.
pub(crate) fn path(site: &Site) -> FunctionPath {
    match site.name {
        SiteName::Given(name) => FunctionPath { short: name.to_owned(), with_trait: name.to_owned() },
        SiteName::Marker(marker) => clean(marker()),
    }
}

fn clean(raw: &str) -> FunctionPath {
    // The last segment is the marker.
    let path = raw.rsplit_once("::").map_or(raw, |(path, _marker)| path);
    let path = path.replace("::{{closure}}", "");
    // `#[memprof::main]` puts an async main inside its own main.
    let path = path.replacen("::main::main", "::main", 1);
    let path = without_open_generics(&path);
    let Some((before, inner, after)) = split_brackets(&path) else {
        return FunctionPath { short: path.clone(), with_trait: path };
    };
    // Three forms: `<Type as Trait>::f`, `module::<impl Type>::f`, `module::<impl Trait for Type>::f`.
    let (of_type, of_trait) = if let Some(implemented) = inner.strip_prefix("impl ") {
        match implemented.split_once(" for ") {
            Some((of_trait, of_type)) => (of_type, Some(of_trait)),
            None => (implemented, None),
        }
    } else if let Some((of_type, of_trait)) = inner.split_once(" as ") {
        (of_type, Some(of_trait))
    } else {
        // Generics of a type, such as `Index<u8>`.
        debug_assert!(!before.is_empty());
        return FunctionPath { short: path.clone(), with_trait: path };
    };
    let short = format!("{of_type}{after}");
    let with_trait = of_trait.map_or_else(|| short.clone(), |of_trait| format!("<{of_type} as {of_trait}>{after}"));
    FunctionPath { short, with_trait }
}

/// Removes generics that carry no information: `<_>`, `<_, N>`.
fn without_open_generics(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(open) = rest.find('<') {
        let (before, from) = rest.split_at(open);
        let Some(close) = from.find('>') else { break };
        let (group, after) = from.split_at(close + 1);
        out.push_str(before);
        let parameters = group.trim_start_matches('<').trim_end_matches('>');
        if parameters.split(", ").all(is_open) {
            rest = after;
        } else {
            out.push('<');
            rest = from.split_at(1).1;
        }
    }
    out.push_str(rest);
    out
}

/// True if a generic argument is a parameter and no type or value: `_`, `'_`, or the bare name of a constant. (A type
/// of the program would have a path.)
fn is_open(argument: &str) -> bool {
    let is_constant = || {
        argument.starts_with(char::is_uppercase)
            && argument.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
    };
    matches!(argument, "" | "_" | "'_") || is_constant()
}

/// The parts before the first `<`, between it and its `>`, and after.
fn split_brackets(path: &str) -> Option<(&str, &str, &str)> {
    let open = path.find('<')?;
    let mut depth = 0usize;
    for (at, letter) in path.char_indices().skip_while(|&(at, _)| at < open) {
        match letter {
            '<' => depth += 1,
            // The arrow of a function type closes no bracket.
            '>' if !path.get(..at)?.ends_with('-') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((path.get(..open)?, path.get(open + 1..at)?, path.get(at + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn names_are_the_paths_that_a_person_would_write() {
        for (raw, short, with_trait) in [
            ("names::free::Marker", "names::free", "names::free"),
            ("names::type::Marker", "names::type", "names::type"),
            ("names::asynchronous::{{closure}}::Marker", "names::asynchronous", "names::asynchronous"),
            ("names::outer::nested::Marker", "names::outer::nested", "names::outer::nested"),
            ("names::Generic<_>::of_any::Marker", "names::Generic::of_any", "names::Generic::of_any"),
            ("names::Generic<u8>::of_one::Marker", "names::Generic<u8>::of_one", "names::Generic<u8>::of_one"),
            ("names::Map<_, _>::get::Marker", "names::Map::get", "names::Map::get"),
            ("names::Stack<_, N>::new::Marker", "names::Stack::new", "names::Stack::new"),
            ("names::Stack<u8, 3>::new::Marker", "names::Stack<u8, 3>::new", "names::Stack<u8, 3>::new"),
            ("<names::T as names::Tr>::m::Marker", "names::T::m", "<names::T as names::Tr>::m"),
            ("<names::G<_> as names::Tr<u8>>::m::{{closure}}::Marker", "names::G::m", "<names::G as names::Tr<u8>>::m"),
            ("<alloc::vec::Vec<_> as names::Tr>::m::Marker", "alloc::vec::Vec::m", "<alloc::vec::Vec as names::Tr>::m"),
            ("names::module::<impl names::T>::e::Marker", "names::T::e", "names::T::e"),
            ("names::module::<impl names::Tr for names::T>::e::Marker", "names::T::e", "<names::T as names::Tr>::e"),
            ("<fn(u8) -> u8 as names::Tr>::m::Marker", "fn(u8) -> u8::m", "<fn(u8) -> u8 as names::Tr>::m"),
            ("app::main::main::{{closure}}::Marker", "app::main", "app::main"),
            ("app::main::main::helper::Marker", "app::main::helper", "app::main::helper"),
        ] {
            let path = clean(raw);
            assert_eq!((path.short.as_str(), path.with_trait.as_str()), (short, with_trait), "{raw}");
        }
    }

    #[test]
    fn names_in_no_known_form_stay_as_they_are() {
        assert_eq!(clean("a::<b::Marker").short, "a::<b");
        assert_eq!(clean("").short, "");
        assert_eq!(clean("<>::Marker").short, "");
    }
}
