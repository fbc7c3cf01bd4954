use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::parse::Parser;
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Block, Expr, ExprAsync, ExprClosure, ExprReturn, Item, ReturnType, Signature, Stmt, Type};

use super::body::{Place, UsersBody, braced, call, hidden, named};
use crate::returned::{bare, has_value};
use crate::root::Root;

/// The output of an `async fn`, as the code around its body can refer to it without writing it.
pub(crate) struct Typed {
    form: OutputForm,
    /// The location of the type, or of the name if there is no type.
    place: Place,
    /// The brace that opens the body.
    open: Span,
    /// The function's name, at which debuggers find calls.
    there: Span,
    /// The local that stands for the output.
    output: Ident,
    private: TokenStream,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum OutputForm {
    /// `!`: a value has no expected type.
    Never,
    /// A type without `impl`: once the compiler knows it, it is known wherever a value is returned. `awaited`: it may
    /// be a future.
    Known { awaited: bool },
    /// With `impl` in it: each returned value must be given its expected type.
    Opaque,
}

impl Typed {
    pub(crate) fn new(sig: &Signature, block: &Group, there: Span, root: &Root) -> Self {
        let output = &sig.output;
        let form = match output {
            ReturnType::Default => OutputForm::Known { awaited: false },
            ReturnType::Type(_, ty) => match bare(ty) {
                Type::Never(_) => OutputForm::Never,
                _ if is_opaque(output) => OutputForm::Opaque,
                ty => OutputForm::Known { awaited: may_be_a_future(ty) },
            },
        };
        let place = match output {
            ReturnType::Default => there.into(),
            ReturnType::Type(_, ty) => Place::of(ty),
        };
        let output = hidden("__memprof_output", sig, there);
        Self { form, place, open: block.span_open(), there, output, private: root.private() }
    }

    /// The statements before the future in a function that returns it.
    pub(crate) fn of_function(&self) -> TokenStream {
        let new = self.new_output();
        let expected = self.expected("returned");
        if self.form == OutputForm::Never {
            TokenStream::new()
        } else {
            quote_spanned!(Span::mixed_site()=> #new #expected)
        }
    }

    /// The same in a function that stays async.
    pub(crate) fn of_async_function(&self) -> TokenStream {
        let new = self.new_output();
        match self.form {
            OutputForm::Never => TokenStream::new(),
            OutputForm::Opaque => new,
            OutputForm::Known { .. } => {
                let expected = self.expected("value");
                quote_spanned!(Span::mixed_site()=> #new #expected)
            }
        }
    }

    /// The first statements in the async block.
    pub(crate) fn of_block(&self) -> TokenStream {
        match self.form {
            OutputForm::Never | OutputForm::Opaque => TokenStream::new(),
            OutputForm::Known { .. } => self.expected("value"),
        }
    }

    /// The tracked future of an async block.
    pub(crate) fn future(&self, wrap: &str, site: &TokenStream, block: &TokenStream) -> TokenStream {
        let here = Span::mixed_site();
        let private = &self.private;
        if self.form == OutputForm::Never {
            let new = Ident::new(if wrap == "tracked" { "new" } else { wrap }, here);
            return call(
                quote_spanned!(here=> #private::Tracked::#new),
                quote_spanned!(here=> #site, #block),
                self.there,
            );
        }
        let output = &self.output;
        // Errors in the lifetimes of the future as a whole are reported at the signature.
        let signature = Place { first: self.there, last: self.place.last };
        self.call_at(wrap, quote_spanned!(here=> #output, #site, #block), signature)
    }

    /// The end of the function. It says `return` for users of the Clippy lint that requires it.
    pub(crate) fn returned(&self, before: &TokenStream, value: &TokenStream) -> TokenStream {
        match self.form {
            OutputForm::Never => quote_spanned!(Span::mixed_site()=> #before #value),
            _ => {
                let returned = Ident::new("return", self.there);
                quote_spanned!(Span::mixed_site()=> #before #returned #value;)
            }
        }
    }

    /// The user's body in the async block. Clippy reports an async block that ends in a future, but not such an `async
    /// fn`: so the block ends in a statement.
    pub(crate) fn body(&self, block: &Group) -> UsersBody {
        let here = Span::mixed_site();
        let block = if self.form == OutputForm::Opaque { self.early(block) } else { block.clone() };
        match self.form {
            OutputForm::Known { awaited: true } if has_value(&block) => {
                UsersBody::Returned(quote_spanned!(here=> return '_body: #block;))
            }
            OutputForm::Opaque if has_value(&block) => {
                // The parentheses keep rustc from finding the braces needless.
                let value = self.typed(&quote_spanned!(here=> (#block)));
                UsersBody::Returned(quote_spanned!(here=> return #value;))
            }
            _ => UsersBody::Value(block),
        }
    }

    /// `let (output,) = ((::memprof::__private::output)(),);`
    fn new_output(&self) -> TokenStream {
        named(&self.output, self.call("output", TokenStream::new()), self.there)
    }

    /// Returns a value that never exists, so that its type is known to be the returned one. It begins where the body
    /// does: a function without any code in its body has no coverage.
    fn expected(&self, value: &str) -> TokenStream {
        let output = &self.output;
        let never = self.call_at("never", TokenStream::new(), self.open);
        // "The type inferred from this" then points at the type.
        let value = self.call_at(value, quote_spanned!(self.there=> #output), self.place);
        let returned = quote_spanned!(self.place.first=> return #value;);
        quote_spanned!(self.there=> if #never { #returned })
    }

    /// A value with its expected type.
    fn typed(&self, value: &TokenStream) -> TokenStream {
        let output = &self.output;
        self.call("typed", quote_spanned!(Span::mixed_site()=> #output, #value))
    }

    /// The body with the expected type given to the values that are returned early, if it can be parsed.
    fn early(&self, block: &Group) -> Group {
        let mut stmts = match Block::parse_within.parse2(block.stream()) {
            Ok(stmts) if says_return(block.stream()) => stmts,
            _ => return block.clone(),
        };
        let mut early = OwnReturns(self);
        stmts.iter_mut().for_each(|stmt: &mut Stmt| early.visit_stmt_mut(stmt));
        braced(quote_spanned!(Span::mixed_site()=> #(#stmts)*), block.span())
    }

    fn call(&self, function: &str, arguments: TokenStream) -> TokenStream {
        self.call_at(function, arguments, self.there)
    }

    fn call_at(&self, function: &str, arguments: TokenStream, place: impl Into<Place>) -> TokenStream {
        let (private, function) = (&self.private, Ident::new(function, Span::mixed_site()));
        call(quote_spanned!(Span::mixed_site()=> #private::#function), arguments, place)
    }
}

/// True if a type contains `impl Trait`, or may: a macro can stand for any type.
pub(super) fn is_opaque(output: &ReturnType) -> bool {
    matches!(output, ReturnType::Type(_, ty) if says_impl(ty.to_token_stream()))
}

fn says_impl(ty: TokenStream) -> bool {
    let mut after_bang = false;
    ty.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "impl",
        TokenTree::Group(group) => after_bang || says_impl(group.stream()),
        TokenTree::Punct(punct) => {
            after_bang = punct.as_char() == '!';
            false
        }
        TokenTree::Literal(_) => false,
    })
}

fn says_return(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "return",
        TokenTree::Group(group) => says_return(group.stream()),
        _ => false,
    })
}

/// The expressions in `return` of the function itself.
struct OwnReturns<'t>(&'t Typed);

impl VisitMut for OwnReturns<'_> {
    fn visit_expr_return_mut(&mut self, node: &mut ExprReturn) {
        visit_mut::visit_expr_return_mut(self, node);
        if let Some(expr) = &mut node.expr {
            let value = &**expr;
            **expr = Expr::Verbatim(self.0.typed(&quote_spanned!(value.span()=> #value)));
        }
    }

    // A `return` in these does not belong to the function.
    fn visit_expr_async_mut(&mut self, _: &mut ExprAsync) {}
    fn visit_expr_closure_mut(&mut self, _: &mut ExprClosure) {}
    fn visit_item_mut(&mut self, _: &mut Item) {}
}

/// True if a type may be awaitable: any that is not known not to be.
fn may_be_a_future(ty: &Type) -> bool {
    const OTHERS: [&str; 22] = [
        "Arc", "HashMap", "Option", "Rc", "Result", "String", "Vec", "bool", "char", "f32", "f64", "i128", "i16",
        "i32", "i64", "i8", "isize", "u128", "u16", "u32", "u64", "u8",
    ];
    match bare(ty) {
        Type::Reference(reference) => reference.mutability.is_some() && may_be_a_future(&reference.elem),
        Type::Array(_) | Type::Tuple(_) | Type::Slice(_) | Type::Ptr(_) | Type::FnPtr(_) => false,
        Type::Path(path) => !path
            .path
            .segments
            .last()
            .is_some_and(|last| last.ident == "usize" || OTHERS.iter().any(|name| last.ident == name)),
        _ => true,
    }
}
