use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::quote_spanned;

use super::validate::can_be_tracked;
use super::{Position, asyncness, tracked_function};
use crate::args::TrackArgs;
use crate::expected::eased;
use crate::item::Item;
use crate::item::{Block, Member, Members};
use crate::root::Root;

/// An `impl` block, a module or a trait: each function in it as if it had the attribute, everything else unchanged.
///
/// *Input*
/// ```text
/// impl Index {
///     const LAYERS: usize = 4;
///     pub fn build(rows: Vec<Row>) -> Self { … }
///     #[track_memory(skip)]
///     pub fn len(&self) -> usize { … }
/// }
/// ```
/// *Output*
/// ```text
/// impl Index {
///     const LAYERS: usize = 4;
///     pub fn build(rows: Vec<Row>) -> Self {
///         let guard = ::memprof::__private::enter({ …; &SITE });
///         …
///     }
///     #[track_memory(skip)]
///     pub fn len(&self) -> usize { … }
/// }
/// ```
pub(crate) fn tracked(block: Block, stays_async: bool, root: &Root) -> TokenStream {
    let Block { attrs, head, body, .. } = block;
    let stays_async = stays_async || attrs.iter().any(|attr| asyncness::wants_async(&attr.meta));
    let Some(Members { braces, members }) = body else { return head };
    let members = members.into_iter().map(|one| member(one, stays_async, root)).collect();
    let mut body = Group::new(Delimiter::Brace, members);
    body.set_span(braces);
    let head = eased(head);
    quote_spanned!(Span::mixed_site()=> #head #body)
}

/// The condition of a `#[cfg_attr(…, track_memory(skip))]` is not known here, so both versions are emitted and the
/// compiler takes one.
///
/// *Input*
/// ```text
/// #[cfg_attr(condition, track_memory(skip))]
/// fn f() { … }
/// ```
/// *Output*
/// ```text
/// #[cfg(any(condition))]
/// #[cfg_attr(condition, track_memory(skip))]
/// fn f() { … }
/// #[cfg(not(any(condition)))]
/// #[cfg_attr(condition, track_memory(skip))] // does nothing here
/// fn f() { tracked }
/// ```
fn member(Member { tokens, docs, item, unless }: Member, stays_async: bool, root: &Root) -> TokenStream {
    let tracked = match item {
        Some(Item::Function(function)) if can_be_tracked(&function) => {
            tracked_function(*function, &TrackArgs::default(), Position::Around { stays_async }, root)
        }
        Some(Item::Block(block)) if block.of_global_allocator().is_none() => tracked(*block, stays_async, root),
        // Includes `#![…]`.
        Some(Item::Other(..)) => return eased(tokens),
        _ => return tokens,
    };
    let tracked: TokenStream = docs.into_iter().chain(tracked).collect();
    if unless.is_empty() {
        return tracked;
    }
    quote_spanned! {Span::mixed_site()=>
        #[cfg(any(#(#unless),*))]
        #tokens
        #[cfg(not(any(#(#unless),*)))]
        #tracked
    }
}
