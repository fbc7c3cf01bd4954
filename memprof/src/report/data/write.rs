//! Rows as serde writes them.

use serde_core::ser::{Serialize, SerializeSeq, SerializeStruct, Serializer};

use super::field::{List, Row, Value};

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
