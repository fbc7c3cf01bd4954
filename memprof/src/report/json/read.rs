//! From the tree of a report's JSON to the report, or to the field that is wrong.

use std::borrow::Cow;
use std::sync::Arc;

use super::tree::{Node, Value};
use crate::printable::Printable;

/// What is wrong with a value.
pub(crate) struct Problem {
    /// The names of the fields that lead to it, such as `.functions[3].net_bytes`.
    pub(super) path: String,
    pub(super) message: String,
    /// Where its text ends, if what is there is the mistake.
    pub(super) end: Option<usize>,
}

/// What can be read from JSON.
pub(crate) trait FromJson: Sized {
    fn read(node: &Node<'_>) -> Result<Self, Problem>;
}

/// The fields of an object. Those that nobody asks for belong to a later version.
pub(crate) struct Fields<'n, 't>(&'n [(Cow<'t, str>, Node<'t>)]);

impl<'n, 't> Fields<'n, 't> {
    pub(crate) fn of(node: &'n Node<'t>) -> Result<Self, Problem> {
        match &node.value {
            Value::Object(fields) => Ok(Self(fields)),
            other => Err(Problem::new(format!("an object is expected, not {}", other.kind()))),
        }
    }

    pub(crate) fn read<T: FromJson>(&self, name: &str) -> Result<T, Problem> {
        self.find(name).and_then(T::read).map_err(|problem| problem.beneath(format!(".{name}")))
    }

    /// A field that older reports do not have.
    pub(crate) fn read_or_default<T: FromJson + Default>(&self, name: &str) -> Result<T, Problem> {
        if self.0.iter().all(|(field, _)| field != name) { Ok(T::default()) } else { self.read(name) }
    }

    fn find(&self, name: &str) -> Result<&'n Node<'t>, Problem> {
        let mut found = self.0.iter().filter(|(field, _)| field == name);
        match (found.next(), found.next()) {
            (Some((_, node)), None) => Ok(node),
            (Some(_), Some(_)) => Err(Problem::new("this field stands there twice".into())),
            (None, _) => Err(Problem::new("this field is missing".into())),
        }
    }
}

impl Problem {
    fn new(message: String) -> Self {
        Self { path: String::new(), message, end: None }
    }

    /// `expected`: by the type that the field has in [`Report`](crate::Report).
    fn invalid(what: &str, node: &Node<'_>, expected: &str) -> Self {
        let found = match &node.value {
            Value::Null => "null".into(),
            Value::Bool(flag) => format!("boolean `{flag}`"),
            Value::Number(number) if is_whole(number) => format!("integer `{number}`"),
            Value::Number(number) => format!("floating point `{number}`"),
            Value::Text(text) => format!("string {}", Printable(&format!("{text:?}"))),
            Value::Array(_) => "sequence".into(),
            Value::Object(_) => "map".into(),
        };
        Self { end: Some(node.end), ..Self::new(format!("invalid {what}: {found}, expected {expected}")) }
    }

    fn beneath(mut self, place: String) -> Self {
        self.path.insert_str(0, &place);
        self
    }
}

fn is_whole(number: &str) -> bool {
    number.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit())
}

macro_rules! whole_number {
    ($($type:ident)*) => {$(
        impl FromJson for $type {
            fn read(node: &Node<'_>) -> Result<Self, Problem> {
                match &node.value {
                    Value::Number(number) if is_whole(number) => {
                        number.parse().map_err(|_| Problem::invalid("value", node, stringify!($type)))
                    }
                    _ => Err(Problem::invalid("type", node, stringify!($type))),
                }
            }
        }
    )*};
}

whole_number!(u32 u64 i64);

impl FromJson for f64 {
    fn read(node: &Node<'_>) -> Result<Self, Problem> {
        let Value::Number(number) = &node.value else { return Err(Problem::invalid("type", node, "f64")) };
        let float = number.parse().ok().filter(|float: &f64| float.is_finite());
        float.ok_or_else(|| Problem::invalid("value", node, "f64"))
    }
}

impl FromJson for bool {
    fn read(node: &Node<'_>) -> Result<Self, Problem> {
        match node.value {
            Value::Bool(flag) => Ok(flag),
            _ => Err(Problem::invalid("type", node, "a boolean")),
        }
    }
}

impl FromJson for String {
    fn read(node: &Node<'_>) -> Result<Self, Problem> {
        match &node.value {
            Value::Text(text) => Ok(text.clone().into_owned()),
            _ => Err(Problem::invalid("type", node, "a string")),
        }
    }
}

impl FromJson for Arc<str> {
    fn read(node: &Node<'_>) -> Result<Self, Problem> {
        String::read(node).map(Into::into)
    }
}

impl<T: FromJson> FromJson for Option<T> {
    fn read(node: &Node<'_>) -> Result<Self, Problem> {
        if matches!(node.value, Value::Null) { Ok(None) } else { T::read(node).map(Some) }
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn read(node: &Node<'_>) -> Result<Self, Problem> {
        let Value::Array(nodes) = &node.value else { return Err(Problem::invalid("type", node, "a sequence")) };
        let mut items = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.iter().enumerate() {
            items.push(T::read(node).map_err(|problem| problem.beneath(format!("[{index}]")))?);
        }
        Ok(items)
    }
}

impl<T: FromJson> FromJson for [T; 2] {
    fn read(node: &Node<'_>) -> Result<Self, Problem> {
        Vec::read(node)?.try_into().map_err(|_| Problem::invalid("length", node, "two items"))
    }
}
