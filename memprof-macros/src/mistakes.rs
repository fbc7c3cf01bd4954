use proc_macro2::Span;
use syn::Error;

/// All errors of one use of an attribute, so that they are all reported at once.
#[derive(Default)]
pub(crate) struct Mistakes(Option<Error>);

impl Mistakes {
    pub(crate) fn at(&mut self, span: Span, what: impl std::fmt::Display) {
        self.add(Error::new(span, what));
    }

    pub(crate) fn add(&mut self, error: Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            none => *none = Some(error),
        }
    }

    pub(crate) fn into_error(self) -> Option<Error> {
        self.0
    }
}
