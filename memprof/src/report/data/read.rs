//! Rows of a report, read from any serde format, with the path of an error.

use std::cell::RefCell;
use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::sync::Arc;

use serde_core::de::{DeserializeSeed, Deserializer, Error, Expected, MapAccess, SeqAccess, Unexpected, Visitor};

/// Types that can be a field of a row.
pub(crate) trait Read: Sized {
    fn read<'de, D: Deserializer<'de>>(from: D, place: &ReportPlace<'_>) -> Result<Self, D::Error>;
}

/// Path of the first value that could not be read, such as `functions[3].calls`.
#[derive(Default)]
pub(crate) struct Trace(RefCell<Option<String>>);

#[cfg(any(test, feature = "compare"))]
impl Trace {
    pub(crate) fn into_path(self) -> Option<String> {
        self.0.into_inner()
    }
}

/// A place in a report, linked to the enclosing places.
pub(crate) struct ReportPlace<'p> {
    step: Step,
    around: Option<&'p ReportPlace<'p>>,
    /// `None`: the path of an error is not needed.
    trace: Option<&'p Trace>,
}

enum Step {
    Report,
    Field(&'static str),
    Item(usize),
}

impl<'p> ReportPlace<'p> {
    /// The whole report, read from JSON.
    #[cfg(any(test, feature = "compare"))]
    pub(crate) fn traced(trace: &'p Trace) -> Self {
        Self { step: Step::Report, around: None, trace: Some(trace) }
    }

    /// The whole report, or one of its rows, read from any format.
    pub(crate) fn untraced() -> Self {
        Self { step: Step::Report, around: None, trace: None }
    }

    fn beneath(&'p self, step: Step) -> Self {
        Self { step, around: Some(self), trace: self.trace }
    }

    /// Notes the place, unless the error came from a place beneath it.
    fn failed<E>(&self, error: E) -> E {
        if let Some(trace) = self.trace
            && let Ok(mut path) = trace.0.try_borrow_mut()
        {
            path.get_or_insert_with(|| self.to_string());
        }
        error
    }

    /// Reads the value of the field `name`.
    pub(crate) fn read_value<'de, T: Read, A: MapAccess<'de>>(
        &self,
        name: &'static str,
        value: &mut Option<T>,
        map: &mut A,
    ) -> Result<(), A::Error> {
        let place = self.beneath(Step::Field(name));
        if value.is_some() {
            return Err(place.failed(A::Error::custom("duplicate field")));
        }
        *value = Some(map.next_value_seed(At(&place, PhantomData))?);
        Ok(())
    }

    /// The value of the field `name`, or the error that it is missing.
    pub(crate) fn given<T, E: Error>(&self, name: &'static str, value: Option<T>) -> Result<T, E> {
        value.ok_or_else(|| self.beneath(Step::Field(name)).failed(E::custom("missing field")))
    }

    /// Refuses an array in JSON, where every field has its name: its items would be taken in the order of the fields.
    pub(crate) fn check_order<E: Error>(&self, expected: &dyn Expected) -> Result<(), E> {
        self.trace.map_or(Ok(()), |_| Err(E::invalid_type(Unexpected::Seq, expected)))
    }

    /// The field `name` of a row whose fields have no names.
    pub(crate) fn next_item<'de, T: Read, A: SeqAccess<'de>>(
        &self,
        name: &'static str,
        sequence: &mut A,
    ) -> Result<T, A::Error> {
        let place = self.beneath(Step::Field(name));
        self.given(name, sequence.next_element_seed(At(&place, PhantomData))?)
    }
}

impl Display for ReportPlace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(around) = self.around {
            around.fmt(f)?;
        }
        match (&self.step, self.around.map(|around| &around.step)) {
            (Step::Report, _) => Ok(()),
            (Step::Field(name), None | Some(Step::Report)) => f.write_str(name),
            (Step::Field(name), _) => write!(f, ".{name}"),
            (Step::Item(index), _) => write!(f, "[{index}]"),
        }
    }
}

/// A value at its place.
struct At<'p, T>(&'p ReportPlace<'p>, PhantomData<T>);

impl<'de, T: Read> DeserializeSeed<'de> for At<'_, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::read(deserializer, self.0).map_err(|error| self.0.failed(error))
    }
}

/// The name of a field, if it is one of these.
pub(crate) struct FieldNames(pub(crate) &'static [&'static str]);

impl<'de> DeserializeSeed<'de> for FieldNames {
    type Value = Option<&'static str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for FieldNames {
    type Value = Option<&'static str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().find(|known| **known == name).copied())
    }

    fn visit_bytes<E: Error>(self, name: &[u8]) -> Result<Self::Value, E> {
        Ok(self.0.iter().find(|known| known.as_bytes() == name).copied())
    }

    fn visit_u64<E: Error>(self, index: u64) -> Result<Self::Value, E> {
        Ok(usize::try_from(index).ok().and_then(|index| self.0.get(index).copied()))
    }
}

/// A value of one of the types that are no rows.
struct Plain<'p, T>(&'p ReportPlace<'p>, PhantomData<T>);

macro_rules! integers {
    ($($type:ident $deserialize:ident)*) => {$(
        impl Read for $type {
            fn read<'de, D: Deserializer<'de>>(from: D, place: &ReportPlace<'_>) -> Result<Self, D::Error> {
                from.$deserialize(Plain::<$type>(place, PhantomData))
            }
        }

        impl<'de> Visitor<'de> for Plain<'_, $type> {
            type Value = $type;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an integer")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<$type, E> {
                $type::try_from(number).map_err(|_| out_of_range(Unexpected::Unsigned(number), $type::MIN, $type::MAX))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<$type, E> {
                $type::try_from(number).map_err(|_| out_of_range(Unexpected::Signed(number), $type::MIN, $type::MAX))
            }

            /// Integers beyond 64 bits come as floats.
            fn visit_f64<E: Error>(self, number: f64) -> Result<$type, E> {
                if number < $type::MIN as f64 || number >= $type::MAX as f64 {
                    return Err(out_of_range(Unexpected::Float(number), $type::MIN, $type::MAX));
                }
                Err(E::invalid_type(Unexpected::Float(number), &self))
            }
        }
    )*};
}

integers!(u32 deserialize_u32  u64 deserialize_u64  i64 deserialize_i64);

fn out_of_range<E: Error>(found: Unexpected<'_>, least: impl Display, most: impl Display) -> E {
    E::invalid_value(found, &format!("an integer from {least} to {most}").as_str())
}

impl Read for f64 {
    fn read<'de, D: Deserializer<'de>>(from: D, place: &ReportPlace<'_>) -> Result<Self, D::Error> {
        from.deserialize_f64(Plain::<f64>(place, PhantomData))
    }
}

impl Visitor<'_> for Plain<'_, f64> {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<f64, E> {
        Ok(number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<f64, E> {
        Ok(number as f64)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<f64, E> {
        Ok(number as f64)
    }
}

impl Read for bool {
    fn read<'de, D: Deserializer<'de>>(from: D, place: &ReportPlace<'_>) -> Result<Self, D::Error> {
        from.deserialize_bool(Plain::<bool>(place, PhantomData))
    }
}

impl Visitor<'_> for Plain<'_, bool> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true or false")
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<bool, E> {
        Ok(flag)
    }
}

impl Read for String {
    fn read<'de, D: Deserializer<'de>>(from: D, place: &ReportPlace<'_>) -> Result<Self, D::Error> {
        from.deserialize_string(Plain::<String>(place, PhantomData))
    }
}

impl Visitor<'_> for Plain<'_, String> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<String, E> {
        Ok(text)
    }
}

impl Read for Arc<str> {
    fn read<'de, D: Deserializer<'de>>(from: D, place: &ReportPlace<'_>) -> Result<Self, D::Error> {
        String::read(from, place).map(Into::into)
    }
}

impl<T: Read> Read for Option<T> {
    fn read<'de, D: Deserializer<'de>>(from: D, place: &ReportPlace<'_>) -> Result<Self, D::Error> {
        from.deserialize_option(Plain::<Option<T>>(place, PhantomData))
    }
}

impl<'de, T: Read> Visitor<'de> for Plain<'_, Option<T>> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or null")
    }

    fn visit_none<E: Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        T::read(deserializer, self.0).map(Some)
    }
}

impl<T: Read> Read for Vec<T> {
    fn read<'de, D: Deserializer<'de>>(from: D, place: &ReportPlace<'_>) -> Result<Self, D::Error> {
        from.deserialize_seq(Plain::<Vec<T>>(place, PhantomData))
    }
}

impl<'de, T: Read> Visitor<'de> for Plain<'_, Vec<T>> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Vec<T>, A::Error> {
        let mut items = Vec::new();
        loop {
            let place = self.0.beneath(Step::Item(items.len()));
            let Some(item) = sequence.next_element_seed(At(&place, PhantomData))? else { return Ok(items) };
            items.push(item);
        }
    }
}

impl<T: Read> Read for [T; 2] {
    fn read<'de, D: Deserializer<'de>>(from: D, place: &ReportPlace<'_>) -> Result<Self, D::Error> {
        Vec::read(from, place)?
            .try_into()
            .map_err(|items: Vec<T>| D::Error::invalid_length(items.len(), &"an array of two"))
    }
}
