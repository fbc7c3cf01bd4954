use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Block, Error, Expr, ExprAsync, ExprClosure, ExprMethodCall, ExprReturn, GenericArgument, Item, Macro,
    PathArguments, Result, ReturnType, Stmt, Token, Type, TypeParamBound,
};

use crate::item::{Body, Function, ends_in};

/// The body of a function that is not async and returns a future: the future has to be tracked, and the statements that
/// create it belong to the caller.
pub(crate) struct Returned {
    form: FutureForm,
    /// The path of the trait `Future` in the signature, without arguments. None if an alias stands for it.
    future: Option<TokenStream>,
    /// The first bound that no tracked future satisfies.
    beyond: Option<(Span, String)>,
    stmts: Vec<Stmt>,
}

/// The form in which the future is returned.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FutureForm {
    /// `impl Future<…> + …`: unboxed.
    Itself,
    /// `Pin<Box<dyn Future<…> + …>>`, or one of its aliases. It must be tracked inside the box.
    Boxed,
}

impl Returned {
    /// None if the function returns no future, or its body cannot be parsed (yet): the compiler reports the error.
    pub(crate) fn of(function: &Function) -> Option<Self> {
        let (form, bounds) = match &function.sig.output {
            ReturnType::Type(_, ty) if function.sig.asyncness.is_none() => form(ty)?,
            _ => return None,
        };
        let Body { block, .. } = &function.body;
        let stmts = Block::parse_within.parse2(block.stream()).ok()?;
        let future = bounds.and_then(|bounds| bounds.iter().find_map(future_path));
        let beyond = bounds.and_then(|bounds| bounds.iter().find_map(beyond));
        let mut returned = Self { form, future, beyond, stmts };
        let mut found = 0;
        // If no future is found, not even an unrecognized box, there is none: `todo!()`.
        match returned.each(&mut |_| found += 1) {
            Ok(()) if found == 0 => None,
            _ => Some(returned),
        }
    }

    /// The error of the function: a bound that the tracked future does not satisfy, or a box from elsewhere, inside
    /// which nothing can be tracked.
    pub(crate) fn mistake(&mut self) -> Option<Error> {
        if let Some((span, bound)) = &self.beyond {
            return Some(Error::new(
                *span,
                format!(
                    "a tracked future is `Send`, `Sync`, `Unpin`, `UnwindSafe` and `Debug` if the future in it is, but not \
                     `{bound}`; remove the attribute here, and put it on an `async fn` that does the work"
                ),
            ));
        }
        self.each(&mut |_| {}).err()
    }

    /// The path of the trait `Future` in the signature, without arguments.
    pub(crate) fn future(&self) -> Option<&TokenStream> {
        self.future.as_ref()
    }

    /// Replaces each future that the function returns by the output of `wrapper`.
    pub(crate) fn wrap(&mut self, wrapper: impl Fn(&Expr) -> TokenStream) {
        // Errors were reported before.
        let _ = self.each(&mut |future| *future = Expr::Verbatim(wrapper(future)));
    }

    /// The items at the start of the body, and the rest.
    pub(crate) fn parts(&self) -> (&[Stmt], &[Stmt]) {
        let items = self.stmts.iter().take_while(|stmt| matches!(stmt, Stmt::Item(_))).count();
        self.stmts.split_at(items)
    }

    /// Calls `found` for each future: the last expression, and the values of `return` in the function itself (not in a
    /// closure, block or function in it).
    fn each(&mut self, found: &mut dyn FnMut(&mut Expr)) -> Result<()> {
        let mut early = Returns { form: self.form, found, mistake: None };
        for stmt in &mut self.stmts {
            early.visit_stmt_mut(stmt);
        }
        match early.mistake {
            Some(error) => Err(error),
            None => last(&mut self.stmts, self.form, found),
        }
    }
}

type Bounds = Punctuated<TypeParamBound, Token![+]>;

/// The form, recognized by names: an alias of the user's cannot be resolved here.
fn form(ty: &Type) -> Option<(FutureForm, Option<&Bounds>)> {
    match ty {
        Type::Group(group) => form(&group.elem),
        Type::Paren(paren) => form(&paren.elem),
        Type::ImplTrait(ty) => is_future(&ty.bounds).then_some((FutureForm::Itself, Some(&ty.bounds))),
        Type::Path(ty) if ends_in(&ty.path, "BoxFuture") || ends_in(&ty.path, "LocalBoxFuture") => {
            Some((FutureForm::Boxed, None))
        }
        Type::Path(_) => {
            let object = argument(argument(ty, "Pin")?, "Box")?;
            let bounds = match bare(object) {
                Type::TraitObject(object) => &object.bounds,
                Type::ImplTrait(object) => &object.bounds,
                _ => return None,
            };
            is_future(bounds).then_some((FutureForm::Boxed, Some(bounds)))
        }
        _ => None,
    }
}

/// `Name<Type>` → `Type`.
fn argument<'t>(ty: &'t Type, name: &str) -> Option<&'t Type> {
    let Type::Path(ty) = bare(ty) else { return None };
    let segment = ty.path.segments.last().filter(|segment| segment.ident == name)?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// A type without parentheses, and without the invisible group of a macro's `$ty:ty`.
pub(crate) fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        ty => ty,
    }
}

fn is_future(bounds: &Bounds) -> bool {
    bounds.iter().any(|bound| future_path(bound).is_some())
}

/// The path of a bound `Future` or `Future<Output = …>`, without arguments; with others it is another trait of that
/// name.
fn future_path(bound: &TypeParamBound) -> Option<TokenStream> {
    let TypeParamBound::Trait(bound) = bound else { return None };
    let mut path = bound.path.to_token_stream();
    let last = bound.path.segments.last().filter(|last| last.ident == "Future")?;
    if let PathArguments::AngleBracketed(arguments) = &last.arguments {
        let is_output = |argument: &GenericArgument| match argument {
            GenericArgument::AssocType(ty) => ty.ident == "Output",
            GenericArgument::Constraint(constraint) => constraint.ident == "Output",
            _ => false,
        };
        if !arguments.args.iter().all(is_output) {
            return None;
        }
        let arguments = arguments.to_token_stream().into_iter().count();
        let names = path.into_iter().collect::<Vec<_>>();
        path = names.iter().take(names.len().saturating_sub(arguments)).cloned().collect();
    }
    Some(path)
}

/// A bound that a tracked future does not satisfy. Traits that mean `Send` on some platforms only, and those for
/// captures, are implemented for all types: they are recognized by their names.
fn beyond(bound: &TypeParamBound) -> Option<(Span, String)> {
    const HAS: [&str; 6] = ["Any", "Debug", "RefUnwindSafe", "Sized", "Unpin", "UnwindSafe"];
    let future = future_path(bound).is_some();
    let TypeParamBound::Trait(bound) = bound else { return None };
    let name = &bound.path.segments.last()?.ident;
    let text = name.to_string();
    let known = HAS.contains(&text.as_str()) || ["Send", "Sync", "Captures"].iter().any(|end| text.ends_with(end));
    (!known && !future && bound.maybe.is_none()).then(|| (name.span(), text))
}

/// The expressions in `return`.
struct Returns<'f> {
    form: FutureForm,
    found: &'f mut dyn FnMut(&mut Expr),
    mistake: Option<Error>,
}

impl VisitMut for Returns<'_> {
    fn visit_expr_return_mut(&mut self, node: &mut ExprReturn) {
        visit_mut::visit_expr_return_mut(self, node);
        if let Some(expr) = &mut node.expr
            && let Err(error) = value(expr, self.form, self.found)
        {
            self.mistake.get_or_insert(error);
        }
    }

    // A `return` in these does not belong to the function.
    fn visit_expr_async_mut(&mut self, _: &mut ExprAsync) {}
    fn visit_expr_closure_mut(&mut self, _: &mut ExprClosure) {}
    fn visit_item_mut(&mut self, _: &mut Item) {}
}

/// The value of a block: its last expression, if it has one.
fn last(stmts: &mut [Stmt], form: FutureForm, found: &mut dyn FnMut(&mut Expr)) -> Result<()> {
    match stmts.last_mut() {
        Some(Stmt::Expr(expr, None)) => value(expr, form, found),
        // `make! { … }` is parsed as a statement, but is the last expression.
        Some(stmt @ Stmt::Macro(_)) => {
            let Stmt::Macro(makes) = &*stmt else { return Ok(()) };
            if makes.semi_token.is_some() || panics(&makes.mac) {
                return Ok(());
            }
            let mut expr = Expr::Verbatim(quote::quote!(#makes));
            value(&mut expr, form, found)?;
            *stmt = Stmt::Expr(expr, None);
            Ok(())
        }
        // It ends in a statement, so its end is never reached, or the compiler reports an error.
        _ => Ok(()),
    }
}

/// An expression whose value is returned.
fn value(expr: &mut Expr, form: FutureForm, found: &mut dyn FnMut(&mut Expr)) -> Result<()> {
    match expr {
        // It returns early, which was handled before, or never.
        expr if diverges(expr) => Ok(()),
        Expr::Group(group) => value(&mut group.expr, form, found),
        Expr::Paren(paren) => value(&mut paren.expr, form, found),
        expr if form == FutureForm::Itself => {
            found(expr);
            Ok(())
        }
        expr => boxed(expr, found),
    }
}

/// An expression whose value is a future in a box; each path through it must create the box here.
fn boxed(expr: &mut Expr, found: &mut dyn FnMut(&mut Expr)) -> Result<()> {
    match expr {
        Expr::Call(call) if makes_box(&call.func) && call.args.len() == 1 => {
            call.args.iter_mut().for_each(found);
            Ok(())
        }
        Expr::MethodCall(call) if call.args.is_empty() && boxes(call) => {
            found(&mut call.receiver);
            Ok(())
        }
        Expr::Block(block) if block.label.is_none() => last(&mut block.block.stmts, FutureForm::Boxed, found),
        Expr::Unsafe(block) => last(&mut block.block.stmts, FutureForm::Boxed, found),
        Expr::If(branches) => {
            last(&mut branches.then_branch.stmts, FutureForm::Boxed, found)?;
            branches.else_branch.iter_mut().try_for_each(|(_, other)| value(other, FutureForm::Boxed, found))
        }
        Expr::Match(branches) => {
            branches.arms.iter_mut().try_for_each(|arm| value(&mut arm.body, FutureForm::Boxed, found))
        }
        Expr::Cast(cast) => value(&mut cast.expr, FutureForm::Boxed, found),
        other => Err(Error::new(
            other.span(),
            "memprof tracks a boxed future inside its box, so the box must be created here; write `Box::pin(…)`, \
             `….boxed()` or `….boxed_local()`, make the function an `async fn`, or put the attribute on the function \
             that creates the box",
        )),
    }
}

/// `….boxed()`. `self.boxed()` is more likely a method of the user's own.
fn boxes(call: &ExprMethodCall) -> bool {
    let own = matches!(&*call.receiver, Expr::Path(receiver) if receiver.path.is_ident("self"));
    !own && (call.method == "boxed" || call.method == "boxed_local")
}

/// `Box::pin`, by any path.
fn makes_box(function: &Expr) -> bool {
    let Expr::Path(function) = function else { return false };
    let mut names = function.path.segments.iter().rev().map(|segment| &segment.ident);
    names.next().is_some_and(|name| name == "pin") && names.next().is_some_and(|name| name == "Box")
}

/// True if an expression evidently has no value, because nothing comes after it.
fn diverges(expr: &Expr) -> bool {
    match expr {
        Expr::Return(_) => true,
        Expr::Loop(endless) => !breaks(endless.body.to_token_stream()),
        Expr::Macro(makes) => panics(&makes.mac),
        Expr::Cast(cast) => diverges(&cast.expr),
        Expr::Field(field) => diverges(&field.base),
        Expr::Group(group) => diverges(&group.expr),
        Expr::MethodCall(call) => diverges(&call.receiver),
        Expr::Paren(paren) => diverges(&paren.expr),
        Expr::Block(block) => block.label.is_none() && block_diverges(&block.block),
        Expr::Unsafe(block) => block_diverges(&block.block),
        Expr::If(branches) => {
            let other = branches.else_branch.as_ref();
            block_diverges(&branches.then_branch) && other.is_some_and(|(_, other)| diverges(other))
        }
        Expr::Match(branches) => branches.arms.iter().all(|arm| diverges(&arm.body)),
        _ => false,
    }
}

fn block_diverges(block: &Block) -> bool {
    match block.stmts.last() {
        Some(Stmt::Expr(expr, _)) => diverges(expr),
        Some(Stmt::Macro(makes)) => panics(&makes.mac),
        _ => false,
    }
}

fn breaks(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "break",
        TokenTree::Group(group) => breaks(group.stream()),
        _ => false,
    })
}

/// True if a body ends in a value, as far as its tokens show; if it cannot be parsed, it may.
pub(crate) fn has_value(body: &Group) -> bool {
    match Block::parse_within.parse2(body.stream()) {
        Ok(stmts) => match stmts.last() {
            Some(Stmt::Expr(expr, None)) => !diverges(expr),
            Some(Stmt::Macro(makes)) => makes.semi_token.is_none() && !panics(&makes.mac),
            _ => false,
        },
        Err(_) => true,
    }
}

fn panics(makes: &Macro) -> bool {
    let is = |name| ends_in(&makes.path, name);
    ["panic", "todo", "unimplemented", "unreachable"].into_iter().any(is)
}
