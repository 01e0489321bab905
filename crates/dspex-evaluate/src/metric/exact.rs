//! Exact match: values that are the same.

use dspex_core::{Record, Result, Score, Value};

use super::sides::{Measure, Sides, field_metric};

/// Whether a field of the prediction is the same as that of the example. [`exact_match`] makes one.
///
/// ```
/// use dspex_core::{Example, Prediction, Record};
/// use dspex_evaluate::{ExactMatch, exact_match};
/// let metric: ExactMatch = exact_match("tags");
/// let example = Example::new([("tags", vec!["a", "b"])]);
/// let out = Prediction::new(Record::new().with("tags", vec!["b", "a"]));
/// assert_eq!(metric.compare(&example, &out)?, 0.0, "the order of a list counts");
/// let out = Prediction::new(Record::new().with("tag", "a"));
/// let e = metric.compare(&example, &out).unwrap_err();
/// assert_eq!(e.hint(), Some("did you mean `tag`?"));
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExactMatch {
    field: String,
}

/// 1 where the field of the prediction equals the label, 0 where it does not.
///
/// Whole numbers and floats of one value are equal, and so are a member of an enumeration and its value, a list and the
/// set or tuple of its items, and a mapping and the struct of its entries.
///
/// ```
/// use dspex_core::{Example, Prediction, Record};
/// use dspex_evaluate::exact_match;
/// let example = Example::new([("answer", "Paris")]);
/// let out = Prediction::new(Record::new().with("answer", "Paris"));
/// assert_eq!(exact_match("answer").compare(&example, &out)?.value(), 1.0);
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub fn exact_match(field: impl Into<String>) -> ExactMatch {
    ExactMatch { field: field.into() }
}

impl Measure for ExactMatch {
    fn metric_name(&self) -> &str {
        "exact_match"
    }

    fn measure(&self, sides: &Sides) -> Result<Score> {
        Ok(Score::from(same(sides.label(&self.field)?, sides.predicted(&self.field)?)))
    }
}

field_metric!(ExactMatch);

/// Whether two values say the same. Data files have lists for what a reply gives as a set or a tuple, whole numbers for
/// floats, and mappings for structs.
fn same(label: &Value, value: &Value) -> bool {
    use Value::{Decimal, Dict, Enum, Float, FrozenSet, Int, List, Set, Struct, Tuple};
    match (label, value) {
        (Int(_), Float(_)) | (Float(_), Int(_)) => label.as_f64() == value.as_f64(),
        (Decimal(_), Decimal(_) | Int(_)) | (Int(_), Decimal(_)) => digits(label) == digits(value),
        (Enum(e), other) | (other, Enum(e)) if !matches!(other, Enum(_)) => same(&e.value, other),
        (Set(a) | FrozenSet(a), other) | (other, Set(a) | FrozenSet(a)) => other.as_list().is_some_and(|b| {
            let within =
                |these: &[Value], those: &[Value]| these.iter().all(|x| those.iter().any(|y| same(x, y)));
            within(a, b) && within(b, a)
        }),
        (List(a) | Tuple(a), List(b) | Tuple(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(x, y)| same(x, y))
        }
        (Dict(a), Dict(b)) => {
            a.len() == b.len() && a.iter().all(|(key, x)| b.get(key).is_some_and(|y| same(x, y)))
        }
        (Struct(a), Struct(b)) => a.type_name == b.type_name && same_fields(&a.fields, &b.fields),
        (Struct(s), Dict(d)) | (Dict(d), Struct(s)) => {
            Record::try_from(d.clone()).is_ok_and(|d| same_fields(&s.fields, &d))
        }
        _ => label == value,
    }
}

/// A number as text without the zeros that change nothing: `12.50` is `12.5`. One with an exponent stays as it is.
fn digits(value: &Value) -> String {
    let text = value.to_text().unwrap_or_default();
    match text.split_once('.') {
        Some((whole, part)) if part.bytes().all(|b| b.is_ascii_digit()) => {
            format!("{whole}.{part}").trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => text,
    }
}

fn same_fields(a: &Record, b: &Record) -> bool {
    a.len() == b.len() && a.iter().all(|(name, x)| b.get(name).is_some_and(|y| same(x, y)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dspex_core::value::{EnumMember, StructValue};

    #[test]
    fn labels_as_data_files_have_them_equal_what_replies_give() {
        let list = || Value::List(vec![1.into(), "b".into()]);
        let member = |value: &str| {
            let (type_name, member) = ("E".to_owned(), "M".to_owned());
            Value::Enum(EnumMember { type_name, member, value: Box::new(value.into()) })
        };
        let person = Value::Struct(StructValue {
            type_name: "P".into(),
            fields: Record::new().with("age", Value::Float(3.0)),
        });
        let decimal = |text: &str| Value::Decimal(text.parse().unwrap());
        let dict = |age: i64| Value::Dict([(Value::from("age"), Value::from(age))].into_iter().collect());
        let table = [
            (list(), Value::Tuple(vec![Value::Float(1.0), "b".into()]), true),
            (list(), Value::Tuple(vec!["b".into(), 1.into()]), false),
            (list(), Value::Set(vec!["b".into(), 1.into()]), true),
            (list(), Value::Set(vec!["b".into()]), false),
            (list(), Value::List(vec![1.into()]), false),
            (dict(3), person.clone(), true),
            (dict(4), person, false),
            (Value::List(vec!["x".into()]), Value::List(vec![member("x")]), true),
            (Value::from("x"), member("y"), false),
            (true.into(), 1.into(), false),
            (decimal("12.50"), decimal("12.5"), true),
            (decimal("12.0"), 12.into(), true),
            (decimal("120"), decimal("12"), false),
        ];
        for (label, value, expected) in table {
            assert_eq!(same(&label, &value), expected, "{label:?} {value:?}");
            assert_eq!(same(&value, &label), expected, "{value:?} {label:?}");
        }
    }
}
