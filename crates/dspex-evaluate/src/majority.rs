//! Voting: the completion that most others agree with.

use dspex_core::{Error, ErrorKind, Prediction, Record, Result, ToRecord, Value, nearest};

use crate::text::normalize_text;

/// The completion whose value of a field most completions have; of values that are as frequent, the earliest.
///
/// The field is the last output, unless another is named. `normalize` gives what is compared; completions for which it
/// gives none do not vote, unless it gives none for all. [`normalize_vote`] is DSPy's. What the prediction cost stays
/// with the result.
///
/// ```
/// use dspex_core::{Prediction, Record};
/// use dspex_evaluate::{majority, normalize_vote};
/// let answer = |text: &str| Record::new().with("answer", text);
/// let votes = Prediction::new(answer("London")).with_others(vec![answer("Paris"), answer("paris!")]);
/// let elected = majority(&votes, None, normalize_vote)?;
/// assert_eq!(elected.get("answer").unwrap().as_str(), Some("Paris"));
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub fn majority<T: ToRecord + Clone>(
    prediction: &Prediction<T>,
    field: Option<&str>,
    normalize: impl Fn(&Value) -> Option<Value>,
) -> Result<Prediction<T>> {
    let records: Vec<Record> = prediction.completions().map(ToRecord::to_record).collect::<Result<_>>()?;
    let last = records.first().and_then(|r| r.keys().last()).unwrap_or_default();
    let field = field.unwrap_or(last);
    let votes: Vec<Option<Value>> =
        records.iter().map(|r| value(r, field).map(&normalize)).collect::<Result<_>>()?;
    let count = |vote: &Option<Value>| votes.iter().filter(|v| *v == vote).count();
    let mut elected = None;
    for (i, vote) in votes.iter().enumerate().filter(|(_, v)| v.is_some()) {
        let count = count(vote);
        // Only more votes unseat an earlier one.
        if elected.is_none_or(|(_, most)| count > most) {
            elected = Some((i, count));
        }
    }
    let (at, _) = elected.unwrap_or_default();
    let completion = prediction.completions().nth(at).unwrap_or(prediction);
    Ok(Prediction::new(completion.clone()).with_story_of(prediction))
}

/// What DSPy compares in a vote: text after [`normalize_text`], where something is left of it. Values of other kinds
/// count as they are, and `None` does not vote.
///
/// ```
/// use dspex_core::Value;
/// use dspex_evaluate::normalize_vote;
/// assert_eq!(normalize_vote(&"The Louvre!".into()), Some("louvre".into()));
/// assert_eq!(normalize_vote(&"the".into()), None);
/// assert_eq!(normalize_vote(&7.into()), Some(7.into()));
/// ```
pub fn normalize_vote(value: &Value) -> Option<Value> {
    match value {
        Value::Str(text) => Some(normalize_text(text)).filter(|t| !t.is_empty()).map(Value::Str),
        Value::None => None,
        other => Some(other.clone()),
    }
}

fn value<'a>(record: &'a Record, field: &str) -> Result<&'a Value> {
    record.get(field).ok_or_else(|| {
        let known: Vec<_> = record.keys().map(|k| format!("`{k}`")).collect();
        let message = format!("expected `{field}` among the completion's fields {}", known.join(", "));
        let e = Error::new(ErrorKind::Metric { metric: "majority".into(), message });
        match nearest(field, record.keys()) {
            Some(near) => e.with_hint(format!("did you mean `{near}`?")),
            None => e,
        }
    })
}

#[cfg(test)]
mod tests {
    use dspex_core::{Attempt, Path, Prediction, Record, Value};

    use super::{majority, normalize_vote};

    fn votes(values: &[Value]) -> Prediction<Record> {
        let mut records = values.iter().map(|v| Record::new().with("reasoning", "r").with("a", v.clone()));
        let first = records.next().unwrap();
        Prediction::new(first).with_others(records.collect())
    }

    #[test]
    fn the_earliest_of_the_most_frequent_wins() {
        let text = |t: &str| Value::from(t);
        let table = [
            (vec![text("Paris"), text("paris!"), text("London")], text("Paris")),
            (vec![text("London"), text("Paris"), text("the paris")], text("Paris")),
            (vec![text("x"), text("y"), text("Y"), text("X")], text("x")),
            (vec![text(""), text("the"), text("z")], text("z")),
            (vec![text(""), text("the")], text("")),
            (vec![Value::None, 2.into(), 3.into(), 3.into()], 3.into()),
        ];
        for (values, expected) in table {
            let elected = majority(&votes(&values), None, normalize_vote).unwrap();
            assert_eq!(elected.get("a"), Some(&expected), "{values:?}");
            assert_eq!(elected.completions().len(), 1);
        }
    }

    #[test]
    fn a_field_and_a_way_to_compare_can_be_named() {
        let prediction = votes(&["B".into(), "b".into(), "b".into()]);
        let as_is = |v: &Value| Some(v.clone());
        assert_eq!(majority(&prediction, Some("a"), as_is).unwrap().get("a"), Some(&"b".into()));
        let e = majority(&prediction, Some("reasonin"), as_is).unwrap_err();
        assert_eq!(
            e.to_string(),
            "metric majority: expected `reasonin` among the completion's fields `reasoning`, `a`"
        );
        assert_eq!(e.hint(), Some("did you mean `reasoning`?"));
    }

    #[test]
    fn what_was_paid_for_stays() {
        let prediction = votes(&["x".into()]).with_attempts(vec![Attempt::new(Path::root(), "m")]);
        assert_eq!(majority(&prediction, None, normalize_vote).unwrap().attempts().len(), 1);
    }
}
