use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::{Error, Expr, LitInt, Result};

use crate::size;
use crate::value::{needs_value, place, set_once, text};

/// Limits of the calls of a function, as arguments: its budget, its window and its items.
#[derive(Default)]
pub(crate) struct LimitArgs {
    max_allocated: Option<u64>,
    max_peak: Option<u64>,
    max_net: Option<u64>,
    max_count: Option<u64>,
    on_violation: Option<OnViolation>,
    window: Option<()>,
    max_per_item: Option<u64>,
    items: Option<TokenStream>,
    /// The first of these arguments.
    first: Option<Ident>,
}

/// The action when a call exceeds its budget, besides counting it.
struct OnViolation {
    panics: bool,
    key: Ident,
}

impl LimitArgs {
    /// Takes an argument, if it is one of these. `None`: it is not.
    pub(crate) fn set(&mut self, key: &Ident, value: &Option<TokenStream>) -> Option<Result<()>> {
        let value = value.clone();
        let set = match key.to_string().as_str() {
            "max_allocated" => set_once(&mut self.max_allocated, key, bytes(key, value)),
            "max_peak" => set_once(&mut self.max_peak, key, bytes(key, value)),
            "max_net" => set_once(&mut self.max_net, key, bytes(key, value)),
            "max_count" => set_once(&mut self.max_count, key, count(key, value)),
            "on_violation" => set_once(&mut self.on_violation, key, on_violation(key, value)),
            "window" => set_once(&mut self.window, key, window(key, value)),
            "max_per_item" => set_once(&mut self.max_per_item, key, bytes(key, value)),
            "items" => set_once(&mut self.items, key, items(key, value)),
            _ => return None,
        };
        self.first.get_or_insert_with(|| key.clone());
        Some(set)
    }

    /// The first of these arguments that was given.
    pub(crate) fn first(&self) -> Option<&Ident> {
        self.first.as_ref()
    }

    /// The number of items, an expression.
    pub(crate) fn items(&self) -> Option<&TokenStream> {
        self.items.as_ref()
    }

    /// True if the calls remember their items.
    pub(crate) fn counts(&self) -> bool {
        self.items.is_some() || self.max_per_item.is_some()
    }

    /// The function that opens the scope of a sync function: only one with such arguments has a guard that checks them.
    pub(crate) fn enter(&self) -> &'static str {
        match (&self.first, self.counts()) {
            (None, _) => "enter",
            (Some(_), false) => "enter_limited",
            (Some(_), true) => "enter_counted",
        }
    }

    /// The function that wraps a future: only that of a function with a window or items stores them.
    pub(crate) fn wrap(&self) -> &'static str {
        match (self.window.is_some(), self.counts()) {
            (false, false) => "tracked",
            (true, false) => "windowed",
            (false, true) => "counted",
            (true, true) => "counted_windowed",
        }
    }

    /// Reports `on_violation` without a limit.
    pub(crate) fn check(&self) -> Result<()> {
        let limits = [self.max_allocated, self.max_peak, self.max_net, self.max_count, self.max_per_item];
        match &self.on_violation {
            Some(OnViolation { key, .. }) if limits.iter().all(Option::is_none) => Err(Error::new(
                key.span(),
                "`on_violation` needs a limit beside it: `max_allocated`, `max_peak`, `max_net`, \
                 `max_count` or `max_per_item`",
            )),
            _ => Ok(()),
        }
    }

    /// The calls that set all of them; `None` if there is nothing to set.
    ///
    /// *Input*
    /// ```text
    /// max_allocated = "1 KiB", on_violation = "panic"
    /// ```
    /// *Output*
    /// ```text
    /// .max_allocated(1024).panics()
    /// ```
    pub(crate) fn setters(&self) -> Option<TokenStream> {
        self.first.as_ref()?;
        let here = Span::mixed_site();
        let limit = |name: &str, limit: Option<u64>| {
            let name = Ident::new(name, here);
            limit.map(|limit| quote_spanned!(here=> .#name(#limit)))
        };
        let flag = |name: &str, set: bool| {
            let name = Ident::new(name, here);
            set.then(|| quote_spanned!(here=> .#name()))
        };
        let setters = [
            limit("max_allocated", self.max_allocated),
            limit("max_peak", self.max_peak),
            limit("max_net", self.max_net),
            limit("max_count", self.max_count),
            limit("max_per_item", self.max_per_item),
            flag("panics", self.on_violation.as_ref().is_some_and(|what| what.panics)),
            flag("window", self.window.is_some()),
        ];
        Some(setters.into_iter().flatten().collect())
    }
}

/// A size in quotes.
pub(crate) fn bytes(key: &Ident, value: Option<TokenStream>) -> Result<u64> {
    let value = value.ok_or_else(|| needs_value(key))?;
    let span = place(key, &value);
    let text = syn::parse2(value)
        .map_err(|_| Error::new(span, format!("`{key}` takes a size in quotes, such as `{key} = \"64 KiB\"`")))?;
    size::bytes(&text)
}

/// A number without quotes.
pub(crate) fn count(key: &Ident, value: Option<TokenStream>) -> Result<u64> {
    let value = value.ok_or_else(|| needs_value(key))?;
    let span = place(key, &value);
    let number = syn::parse2::<LitInt>(value).ok().filter(|number| number.suffix().is_empty());
    number
        .and_then(|number| number.base10_parse().ok())
        .ok_or_else(|| Error::new(span, format!("`{key}` takes a number, such as `{key} = 10`")))
}

fn on_violation(key: &Ident, value: Option<TokenStream>) -> Result<OnViolation> {
    let word = text(key, value)?;
    let panics = match word.value().as_str() {
        "panic" => true,
        "report" => false,
        other => {
            let other = other.escape_debug();
            let message = format!("unknown value `{other}`; `{key}` takes \"report\" (the default) or \"panic\"");
            return Err(Error::new(word.span(), message));
        }
    };
    Ok(OnViolation { panics, key: key.clone() })
}

/// An expression.
fn items(key: &Ident, value: Option<TokenStream>) -> Result<TokenStream> {
    let value = value.ok_or_else(|| needs_value(key))?;
    let span = place(key, &value);
    let message = format!("`{key}` takes a number of items (a `usize`), such as `{key} = points.len()`");
    match syn::parse2::<Expr>(value.clone()) {
        Ok(_) => Ok(value),
        Err(_) => Err(Error::new(span, message)),
    }
}

fn window(key: &Ident, value: Option<TokenStream>) -> Result<()> {
    let word = text(key, value)?;
    if word.value() == "process" {
        return Ok(());
    }
    Err(Error::new(word.span(), format!("unknown window; write `{key} = \"process\"`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(arguments: &[(&str, &str)]) -> Result<LimitArgs> {
        let mut limits = LimitArgs::default();
        for (key, value) in arguments {
            let value = Some(value.parse().expect("tokens"));
            limits.set(&Ident::new(key, Span::call_site()), &value).expect("the key is one of these")?;
        }
        limits.check().map(|()| limits)
    }

    fn setters(arguments: &[(&str, &str)]) -> Option<String> {
        let setters = limits(arguments).unwrap_or_else(|error| panic!("{arguments:?}: {error}")).setters();
        setters.map(|setters| setters.to_string().replace(' ', ""))
    }

    #[test]
    fn each_argument_sets_its_own_limit() {
        assert_eq!(setters(&[]), None);
        assert_eq!(setters(&[("max_allocated", "\"1 KiB\"")]).as_deref(), Some(".max_allocated(1024u64)"));
        assert_eq!(setters(&[("max_peak", "\"2 B\"")]).as_deref(), Some(".max_peak(2u64)"));
        assert_eq!(setters(&[("max_net", "\"0 B\"")]).as_deref(), Some(".max_net(0u64)"));
        assert_eq!(setters(&[("window", "\"process\"")]).as_deref(), Some(".window()"));
        let all = [("on_violation", "\"panic\""), ("max_count", "7"), ("window", "\"process\"")];
        assert_eq!(setters(&all).as_deref(), Some(".max_count(7u64).panics().window()"));
        assert_eq!(setters(&[("max_count", "7"), ("on_violation", "\"report\"")]).as_deref(), Some(".max_count(7u64)"));
        assert_eq!(setters(&[("max_per_item", "\"8 B\"")]).as_deref(), Some(".max_per_item(8u64)"));
        assert_eq!(setters(&[("items", "points.len() + 1")]).as_deref(), Some(""));
        assert!(LimitArgs::default().set(&Ident::new("name", Span::call_site()), &None).is_none());
    }

    #[test]
    fn a_mistake_names_its_argument() {
        for (arguments, message) in [
            (&[("on_violation", "\"panic\"")][..], "`on_violation` needs a limit beside it"),
            (&[("max_count", "1"), ("max_count", "2")], "max_count"),
            (&[("max_count", "\"1\"")], "`max_count` takes a number"),
            (&[("max_count", "1u8")], "`max_count` takes a number"),
            (&[("max_count", "18446744073709551616")], "`max_count` takes a number"),
            (&[("max_peak", "64")], "`max_peak` takes a size in quotes"),
            (&[("max_net", "\"1 B\""), ("on_violation", "\"stop\"")], "unknown value `stop`"),
            (&[("window", "\"thread\"")], "unknown window"),
            (&[("items", "= 3")], "`items` takes a number of items"),
            (&[("max_per_item", "3")], "`max_per_item` takes a size in quotes"),
        ] {
            let error = limits(arguments).err().unwrap_or_else(|| panic!("{arguments:?} is accepted")).to_string();
            assert!(error.contains(message), "{arguments:?}: {error}");
        }
    }
}
