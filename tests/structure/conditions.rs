//! Conditions of `#[cfg(…)]`, and the question if two of them can hold in one build.

use std::collections::{BTreeMap, BTreeSet};
use syn::Token;
use syn::punctuated::Punctuated;

/// One `cfg` predicate.
#[derive(Clone, Debug)]
pub(crate) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    /// A name, or a name and its value, as it is written: `unix`, `feature = "serde"`.
    Flag(String),
}

/// Platforms, as the flags that each sets. A build has one of them.
#[rustfmt::skip]
const PLATFORMS: [&[&str]; 7] = [
    &["unix", "target_os = \"linux\"", "target_env = \"gnu\"", "target_arch = \"x86_64\"", WIDE],
    &["unix", "target_os = \"linux\"", "target_env = \"gnu\"", "target_arch = \"aarch64\"", WIDE],
    &["unix", "target_os = \"linux\"", "target_env = \"gnu\"", "target_arch = \"x86\"", NARROW],
    &["unix", "target_os = \"linux\"", "target_env = \"musl\"", "target_arch = \"x86_64\"", WIDE],
    &["unix", "target_os = \"macos\"", "target_vendor = \"apple\"", "target_arch = \"aarch64\"", WIDE],
    &["unix", "target_os = \"freebsd\"", "target_arch = \"x86_64\"", WIDE],
    &["windows", "target_os = \"windows\"", "target_arch = \"x86_64\"", WIDE],
];

const WIDE: &str = "target_pointer_width = \"64\"";
const NARROW: &str = "target_pointer_width = \"32\"";

/// Features that bring another one, as memprof's manifest declares them.
const IMPLIED: [(&str, &str); 3] = [("profiling", "report"), ("serde", "report"), ("compare", "serde")];

impl Condition {
    /// The conditions of an item, by its attributes.
    pub(crate) fn of(attributes: &[syn::Attribute]) -> Vec<Self> {
        let conditions = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
        conditions.map(|attribute| Self::parse(&attribute.parse_args().expect("a cfg has one predicate"))).collect()
    }

    fn parse(meta: &syn::Meta) -> Self {
        match meta {
            syn::Meta::Path(path) => Self::Flag(path.require_ident().expect("a cfg is a name").to_string()),
            syn::Meta::NameValue(pair) => {
                let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(value), .. }) = &pair.value else {
                    panic!("the value of a cfg is a string");
                };
                let name = pair.path.require_ident().expect("a cfg has a name");
                Self::Flag(format!("{name} = {:?}", value.value()))
            }
            syn::Meta::List(list) => {
                let parts = list
                    .parse_args_with(Punctuated::<syn::Meta, Token![,]>::parse_terminated)
                    .expect("a cfg is a list of predicates");
                let mut parts: Vec<Self> = parts.iter().map(Self::parse).collect();
                match list.path.require_ident().expect("a cfg has a name").to_string().as_str() {
                    "all" => Self::All(parts),
                    "any" => Self::Any(parts),
                    "not" => Self::Not(Box::new(parts.pop().expect("one predicate is negated"))),
                    other => panic!("unknown predicate of cfg: {other}"),
                }
            }
        }
    }

    fn holds(&self, flags: &BTreeSet<&str>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(flags)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(flags)),
            Self::Not(part) => !part.holds(flags),
            Self::Flag(flag) => flags.contains(flag.as_str()),
        }
    }

    fn flags<'c>(&'c self, into: &mut BTreeSet<&'c str>) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.flags(into)),
            Self::Not(part) => part.flags(into),
            Self::Flag(flag) => drop(into.insert(flag)),
        }
    }
}

/// True if some build has all of the conditions. No build is one for tests.
pub(crate) fn possible<'c>(conditions: impl IntoIterator<Item = &'c Condition> + Clone) -> bool {
    let mut flags = BTreeSet::new();
    conditions.clone().into_iter().for_each(|condition| condition.flags(&mut flags));
    let of_platforms = |flag: &str| PLATFORMS.iter().any(|platform| platform.contains(&flag));
    let free: Vec<&str> = flags.into_iter().filter(|flag| *flag != "test" && !of_platforms(flag)).collect();
    assert!(free.len() < 12, "too many conditions: {free:?}");
    (0..1_u32 << free.len()).any(|choice| {
        let chosen = free.iter().enumerate().filter(|(index, _)| choice >> index & 1 == 1).map(|(_, flag)| *flag);
        let chosen: BTreeSet<&str> = chosen.collect();
        consistent(&chosen, &free)
            && PLATFORMS.iter().any(|platform| {
                let flags = chosen.iter().chain(*platform).copied().collect();
                conditions.clone().into_iter().all(|condition| condition.holds(&flags))
            })
    })
}

/// True if a build with these flags, for 64-bit Linux, has all of the conditions.
pub(crate) fn has(flags: &BTreeSet<String>, conditions: &[Condition]) -> bool {
    let flags = flags.iter().map(String::as_str).chain(PLATFORMS[0].iter().copied()).collect();
    conditions.iter().all(|condition| condition.holds(&flags))
}

/// False if a feature is chosen and one that it brings is not.
fn consistent(chosen: &BTreeSet<&str>, free: &[&str]) -> bool {
    let features: BTreeMap<&str, bool> =
        free.iter().filter_map(|flag| Some((feature(flag)?, chosen.contains(flag)))).collect();
    IMPLIED
        .iter()
        .all(|(feature, implied)| features.get(feature) != Some(&true) || features.get(implied) != Some(&false))
}

fn feature(flag: &str) -> Option<&str> {
    flag.strip_prefix("feature = \"")?.strip_suffix('"')
}

#[test]
fn two_conditions_exclude_each_other_where_no_build_has_both() {
    let condition = |text: &str| Condition::parse(&syn::parse_str(text).expect("a predicate"));
    let both = |one: &str, other: &str| possible(&[condition(one), condition(other)]);
    assert!(both("unix", "feature = \"profiling\""));
    assert!(both("any(unix, windows)", "windows"));
    assert!(both("unix", "not(target_os = \"linux\")"));
    assert!(!both("unix", "windows"));
    assert!(!both("target_vendor = \"apple\"", "all(unix, not(target_vendor = \"apple\"))"));
    assert!(!both("feature = \"profiling\"", "not(feature = \"report\")"));
    assert!(both("feature = \"report\"", "not(feature = \"profiling\")"));
    assert!(!possible(&[condition("test")]));
}
