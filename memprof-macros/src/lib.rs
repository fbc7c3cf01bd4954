//! The attributes of memprof.

use proc_macro::TokenStream;

/// Charges what happens in a function to it.
#[proc_macro_attribute]
pub fn track_memory(_args: TokenStream, item: TokenStream) -> TokenStream {
    item
}

/// Profiles the program.
#[proc_macro_attribute]
pub fn main(_args: TokenStream, item: TokenStream) -> TokenStream {
    item
}
