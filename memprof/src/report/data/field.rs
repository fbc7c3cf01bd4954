//! Rows as formats see them.
//!
//! Every field is one of the few kinds of [`Value`], and rows and lists are behind `dyn`. So the code of a format is
//! compiled once, for `Value`, and not for each type of row.

use std::sync::Arc;

/// Value of a field, borrowed from its row.
pub(crate) enum Value<'d> {
    None,
    Some(&'d dyn Field),
    Bool(bool),
    U32(u32),
    U64(u64),
    I64(i64),
    F64(f64),
    Text(&'d str),
    List(&'d dyn List),
    Row(&'d dyn Row),
}

/// Types that can be a field of a row.
pub(crate) trait Field {
    fn value(&self) -> Value<'_>;
}

/// An array of fields.
pub(crate) trait List {
    #[cfg(any(test, feature = "serde"))]
    fn length(&self) -> usize;
    fn item(&self, index: usize) -> Option<Value<'_>>;
}

/// Fields of a row with their names, in the order of their declaration.
pub(crate) type Fields<'d> = [(&'static str, &'d dyn Field)];

/// A type that `data!` declares.
pub(crate) trait Row {
    #[cfg(any(test, feature = "serde"))]
    fn name(&self) -> &'static str;
    /// Calls `take` once, with all fields.
    fn with_fields(&self, take: &mut dyn FnMut(&Fields<'_>));
}

macro_rules! numbers {
    ($($type:ty: $kind:ident)*) => {$(
        impl Field for $type {
            fn value(&self) -> Value<'_> {
                Value::$kind(*self)
            }
        }
    )*};
}

numbers!(bool: Bool  u32: U32  u64: U64  i64: I64  f64: F64);

impl Field for String {
    fn value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl Field for Arc<str> {
    fn value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl<T: Field> Field for Option<T> {
    fn value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::None, |field| Value::Some(field))
    }
}

impl<T: Field> Field for Vec<T> {
    fn value(&self) -> Value<'_> {
        Value::List(self)
    }
}

impl<T: Field> Field for [T; 2] {
    fn value(&self) -> Value<'_> {
        Value::List(self)
    }
}

impl<T: Field> List for Vec<T> {
    #[cfg(any(test, feature = "serde"))]
    fn length(&self) -> usize {
        self.len()
    }

    fn item(&self, index: usize) -> Option<Value<'_>> {
        self.get(index).map(Field::value)
    }
}

impl<T: Field> List for [T; 2] {
    #[cfg(any(test, feature = "serde"))]
    fn length(&self) -> usize {
        self.len()
    }

    fn item(&self, index: usize) -> Option<Value<'_>> {
        self.get(index).map(Field::value)
    }
}
