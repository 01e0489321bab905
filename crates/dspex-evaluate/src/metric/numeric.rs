//! Numbers that are near enough.

use dspex_core::{Result, Score, Value};

use super::args::MetricArgs;
use super::sides::{Measure, Sides, field_metric};

/// Whether a number of the prediction is near that of the example. [`numeric`] makes one.
///
/// ```
/// use dspex_core::{Example, Prediction, Record};
/// use dspex_evaluate::{Numeric, numeric};
/// let metric: Numeric = numeric("n").relative(0.01);
/// let example = Example::new([("n", 1000)]);
/// let score = |n: &str| metric.compare(&example, &Prediction::new(Record::new().with("n", n)));
/// assert_eq!(score("1,005")?, 1.0);
/// assert_eq!(score("about a thousand")?, 0.0);
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Numeric {
    field: String,
    absolute: f64,
    relative: f64,
}

/// 1 where the number in the prediction's field is near the label, 0 where it is not.
///
/// Near is Python's `math.isclose`: by a relative difference of 1e-9, unless [`relative`](Numeric::relative) or
/// [`absolute`](Numeric::absolute) say otherwise. Numbers may be written as text, also with commas between thousands. A
/// predicted text that is no number is a wrong answer; `None`, NaN, the infinities and truth values are no answers to
/// compare, and an error.
///
/// ```
/// use dspex_core::{Example, Prediction, Record};
/// use dspex_evaluate::numeric;
/// let example = Example::new([("n", 1250)]);
/// let out = Prediction::new(Record::new().with("n", " 1,249.0"));
/// assert_eq!(numeric("n").compare(&example, &out)?, 0.0);
/// assert_eq!(numeric("n").absolute(1.0).compare(&example, &out)?, 1.0);
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub fn numeric(field: impl Into<String>) -> Numeric {
    Numeric { field: field.into(), absolute: 0.0, relative: 1e-9 }
}

/// What stands where a number should.
enum Number<'a> {
    Is(f64),
    /// Text that is no number.
    Words,
    /// Anything else.
    Odd(&'a Value),
}

impl Numeric {
    pub(super) fn with_args(field: &str, args: &mut MetricArgs) -> Result<Self> {
        let usual = numeric(field);
        let absolute = args.number("absolute", usual.absolute, 0.0..=f64::INFINITY)?;
        let relative = args.number("relative", usual.relative, 0.0..=f64::INFINITY)?;
        Ok(usual.absolute(absolute).relative(relative))
    }

    /// The metric with numbers near that differ by at most so much.
    ///
    /// ```
    /// assert_ne!(dspex_evaluate::numeric("n").absolute(0.5), dspex_evaluate::numeric("n"));
    /// ```
    #[must_use]
    pub fn absolute(mut self, difference: f64) -> Self {
        self.absolute = difference;
        self
    }

    /// The metric with numbers near that differ by at most this part of the greater one.
    ///
    /// ```
    /// assert_ne!(dspex_evaluate::numeric("n").relative(0.01), dspex_evaluate::numeric("n"));
    /// ```
    #[must_use]
    pub fn relative(mut self, part: f64) -> Self {
        self.relative = part;
        self
    }

    fn near(&self, a: f64, b: f64) -> bool {
        (a - b).abs() <= (self.relative * a.abs().max(b.abs())).max(self.absolute)
    }
}

impl Measure for Numeric {
    fn metric_name(&self) -> &str {
        "numeric"
    }

    fn measure(&self, sides: &Sides) -> Result<Score> {
        let (label, found) = (sides.label(&self.field)?, sides.predicted(&self.field)?);
        let Number::Is(right) = read(label) else {
            return Err(sides
                .odd("example", &self.field, "a finite number", label)
                .with_hint("mend the data, or score other kinds with `exact_match` or a closure"));
        };
        match read(found) {
            // Whole numbers may have more digits than a double holds.
            Number::Is(_) if label == found => Ok(true.into()),
            Number::Is(number) => Ok(self.near(right, number).into()),
            Number::Words => Ok(false.into()),
            Number::Odd(found) => {
                Err(sides.odd("prediction", &self.field, "a finite number", found).with_hint(
                    "give the field a numeric type, or say in a closure what such an answer is worth",
                ))
            }
        }
    }
}

field_metric!(Numeric);

fn read(value: &Value) -> Number<'_> {
    let number = match value {
        Value::Int(i) => i.to_f64(),
        Value::Float(f) => *f,
        Value::Decimal(d) => d.to_string().parse().unwrap_or(f64::NAN),
        Value::Str(text) => return parse(text).map_or(Number::Words, Number::Is),
        Value::Enum(member) => return read(&member.value),
        other => return Number::Odd(other),
    };
    if number.is_finite() { Number::Is(number) } else { Number::Odd(value) }
}

/// A finite number as people write it; commas only where they part thousands.
fn parse(text: &str) -> Option<f64> {
    let text = text.trim();
    let number: f64 = if text.contains(',') { thousands(text)?.parse() } else { text.parse() }.ok()?;
    number.is_finite().then_some(number)
}

/// The text without its commas, if each stands before three digits.
fn thousands(text: &str) -> Option<String> {
    let whole = text.split('.').next().unwrap_or_default();
    let mut groups = whole.trim_start_matches(['+', '-']).split(',');
    let first = groups.next().is_some_and(|g| (1..=3).contains(&g.len()));
    let right = first && groups.all(|g| g.len() == 3 && g.bytes().all(|b| b.is_ascii_digit()));
    (right && !text[whole.len()..].contains(',')).then(|| text.replace(',', ""))
}

#[cfg(test)]
mod tests {
    use super::{numeric, parse};

    #[test]
    fn numbers_are_read_as_people_write_them() {
        let table = [
            (" 42 ", Some(42.0)),
            ("-1,234.5", Some(-1234.5)),
            ("+1e3", Some(1000.0)),
            ("1,234,567", Some(1_234_567.0)),
            ("1,23", None),
            ("1.5,000", None),
            (",123", None),
            ("12 apples", None),
            ("nan", None),
            ("inf", None),
            ("1e999", None),
            ("", None),
        ];
        for (text, number) in table {
            assert_eq!(parse(text), number, "{text:?}");
        }
    }

    #[test]
    fn near_is_by_the_greater_of_both_differences() {
        assert!(numeric("n").near(1.0, 1.0 + 1e-10) && !numeric("n").near(1.0, 1.0 + 1e-8));
        assert!(!numeric("n").near(0.0, 1e-12) && numeric("n").absolute(1e-9).near(0.0, 1e-12));
        assert!(
            numeric("n").relative(0.1).near(100.0, 90.0) && !numeric("n").relative(0.1).near(100.0, 89.0)
        );
    }
}
