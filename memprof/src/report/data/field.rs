//! Rows as serde sees them.
//!
//! Every field is one of the few kinds of [`Value`], and rows and lists are behind `dyn`. So the code of a format is
//! compiled once, for `Value`, and not for each type of row.

use std::sync::Arc;

use serde_core::ser::{Serialize, SerializeSeq, SerializeStruct, Serializer};

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
    fn length(&self) -> usize;
    fn item(&self, index: usize) -> Option<Value<'_>>;
}

/// Fields of a row with their names, in the order of their declaration.
pub(crate) type Fields<'d> = [(&'static str, &'d dyn Field)];

/// A type that `data!` declares.
pub(crate) trait Row {
    fn name(&self) -> &'static str;
    /// Calls `take` once, with all fields.
    fn with_fields(&self, take: &mut dyn FnMut(&Fields<'_>));
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Value::None => serializer.serialize_none(),
            Value::Some(field) => serializer.serialize_some(&field.value()),
            Value::Bool(flag) => serializer.serialize_bool(flag),
            Value::U32(number) => serializer.serialize_u32(number),
            Value::U64(number) => serializer.serialize_u64(number),
            Value::I64(number) => serializer.serialize_i64(number),
            // JSON has no infinity and no "not a number".
            Value::F64(number) => serializer.serialize_f64(if number.is_finite() { number } else { 0.0 }),
            Value::Text(text) => serializer.serialize_str(text),
            Value::List(list) => serialize_list(list, serializer),
            Value::Row(row) => serialize_row(row, serializer),
        }
    }
}

fn serialize_list<S: Serializer>(list: &dyn List, serializer: S) -> Result<S::Ok, S::Error> {
    let mut sequence = serializer.serialize_seq(Some(list.length()))?;
    let mut index = 0;
    while let Some(item) = list.item(index) {
        sequence.serialize_element(&item)?;
        index += 1;
    }
    sequence.end()
}

fn serialize_row<S: Serializer>(row: &dyn Row, serializer: S) -> Result<S::Ok, S::Error> {
    let mut serializer = Some(serializer);
    let mut result = None;
    row.with_fields(&mut |fields| {
        result = serializer.take().map(|serializer| {
            let mut object = serializer.serialize_struct(row.name(), fields.len())?;
            for (name, field) in fields {
                object.serialize_field(name, &field.value())?;
            }
            object.end()
        });
    });
    result.unwrap_or_else(|| Err(serde_core::ser::Error::custom("a row without fields")))
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
    fn length(&self) -> usize {
        self.len()
    }

    fn item(&self, index: usize) -> Option<Value<'_>> {
        self.get(index).map(Field::value)
    }
}

impl<T: Field> List for [T; 2] {
    fn length(&self) -> usize {
        self.len()
    }

    fn item(&self, index: usize) -> Option<Value<'_>> {
        self.get(index).map(Field::value)
    }
}
