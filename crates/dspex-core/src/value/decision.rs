//! Decisions as Rust types of fields: DSPy's `Noul`, `Choice` and `Score`.

use std::borrow::Cow;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::special_serde::{MARK, Own, OwnVisitor};
use super::{Dict, Record, StructValue, Value};
use crate::types::{DecisionType, FieldType, Special};

/// A yes or no, with how likely the model takes a yes to be.
///
/// ```
/// use dspex_core::types::field_type_of;
/// use dspex_core::value::Noul;
/// assert_eq!(field_type_of::<Noul>().annotation(), "dspy.experimental.Noul");
/// let noul = Noul { value: true, probability: Some(0.9), confidence: 0.8 };
/// let value = dspex_core::value::to_value(&noul)?;
/// assert_eq!(dspex_core::value::from_value::<Noul>(value)?, noul);
/// # Ok::<(), dspex_core::value::ValueError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Noul {
    /// The answer.
    pub value: bool,
    /// How likely a yes is, from 0 to 1, where the model said it.
    pub probability: Option<f64>,
    /// How sure the answer is, from 0 to 1.
    pub confidence: f64,
}

/// The options of a [`Choice`], each with what it means; empty text says nothing. They must differ.
///
/// ```
/// use dspex_core::value::{Choice, Options};
/// struct Topic;
/// impl Options for Topic {
///     const OPTIONS: &'static [(&'static str, &'static str)] = &[("billing", "about payments"), ("other", "")];
/// }
/// let ty = dspex_core::types::field_type_of::<Choice<Topic>>();
/// assert_eq!(ty.name(), "Choice[('billing', 'about payments'), ('other', '')]");
/// ```
pub trait Options: Send + Sync + 'static {
    /// The options in order.
    const OPTIONS: &'static [(&'static str, &'static str)];
}

/// One of several options, with how likely the model takes each of them to be.
///
/// ```
/// # use dspex_core::value::{Choice, Options};
/// # #[derive(Debug)]
/// # struct Topic;
/// # impl Options for Topic {
/// #     const OPTIONS: &'static [(&'static str, &'static str)] = &[("billing", ""), ("other", "")];
/// # }
/// let topic = Choice::<Topic>::new("other", 0.7);
/// let value = dspex_core::value::to_value(&topic)?;
/// assert_eq!(dspex_core::value::from_value::<Choice<Topic>>(value)?.value, "other");
/// # Ok::<(), dspex_core::value::ValueError>(())
/// ```
#[derive(Debug)]
pub struct Choice<O> {
    /// The option.
    pub value: String,
    /// Each option with its probability, from 0 to 1, where the model said it.
    pub probabilities: Option<Vec<(String, f64)>>,
    /// How sure the answer is, from 0 to 1.
    pub confidence: f64,
    options: PhantomData<fn() -> O>,
}

/// The levels of a [`Score`], the lowest first; at least two.
///
/// ```
/// use dspex_core::value::{Levels, Score};
/// struct Quality;
/// impl Levels for Quality {
///     const LEVELS: &'static [&'static str] = &["poor", "fair", "great"];
/// }
/// let ty = dspex_core::types::field_type_of::<Score<Quality>>();
/// assert_eq!(ty.name(), "Score['poor', 'fair', 'great']");
/// ```
pub trait Levels: Send + Sync + 'static {
    /// What each level means.
    const LEVELS: &'static [&'static str];
}

/// A place on a scale, with how likely the model takes each level to be.
///
/// ```
/// # use dspex_core::value::{Levels, Score};
/// # #[derive(Debug)]
/// # struct Quality;
/// # impl Levels for Quality {
/// #     const LEVELS: &'static [&'static str] = &["poor", "great"];
/// # }
/// let score = Score::<Quality>::new(0.75, 0.9);
/// let value = dspex_core::value::to_value(&score)?;
/// assert_eq!(dspex_core::value::from_value::<Score<Quality>>(value)?, score);
/// # Ok::<(), dspex_core::value::ValueError>(())
/// ```
#[derive(Debug)]
pub struct Score<L> {
    /// The mean of the levels' numbers, from 0.
    pub value: f64,
    /// The number of the level, where the model gave probabilities.
    pub level: Option<u32>,
    /// The probability of each level, from 0 to 1, where the model said it.
    pub probabilities: Option<Vec<f64>>,
    /// How sure the answer is, from 0 to 1.
    pub confidence: f64,
    levels: PhantomData<fn() -> L>,
}

impl<O: Options> Choice<O> {
    /// An answer without probabilities.
    pub fn new(value: impl Into<String>, confidence: f64) -> Self {
        Self { value: value.into(), probabilities: None, confidence, options: PhantomData }
    }
}

impl<L: Levels> Score<L> {
    /// An answer without probabilities.
    pub fn new(value: f64, confidence: f64) -> Self {
        Self { value, level: None, probabilities: None, confidence, levels: PhantomData }
    }
}

// Derived, these would ask the same of the options and levels, which have no values.
impl<O> Clone for Choice<O> {
    fn clone(&self) -> Self {
        let Self { value, probabilities, confidence, .. } = self;
        let (value, probabilities) = (value.clone(), probabilities.clone());
        Self { value, probabilities, confidence: *confidence, options: PhantomData }
    }
}

impl<O> PartialEq for Choice<O> {
    fn eq(&self, other: &Self) -> bool {
        (&self.value, &self.probabilities, self.confidence)
            == (&other.value, &other.probabilities, other.confidence)
    }
}

impl<L> Clone for Score<L> {
    fn clone(&self) -> Self {
        Self { probabilities: self.probabilities.clone(), levels: PhantomData, ..*self }
    }
}

impl<L> PartialEq for Score<L> {
    fn eq(&self, other: &Self) -> bool {
        (self.value, self.level, &self.probabilities, self.confidence)
            == (other.value, other.level, &other.probabilities, other.confidence)
    }
}

/// A Rust type whose values are decisions.
trait Decided: Sized {
    /// What is decided. Panics where the constants of the program are none that can be.
    fn decision() -> DecisionType;

    fn fields(&self) -> Record;

    fn from_fields(fields: &Record) -> Option<Self>;
}

fn of_constants(decision: Result<DecisionType, crate::types::DecisionError>) -> DecisionType {
    match decision {
        Ok(decision) => decision,
        Err(e) => panic!("the constants of a decision: {e}"),
    }
}

fn number(fields: &Record, name: &str) -> Option<f64> {
    fields.get(name)?.as_f64()
}

fn known(fields: &Record, name: &str) -> Option<Vec<(Value, f64)>> {
    fields.get(name)?.as_dict()?.iter().map(|(k, p)| Some((k.clone(), p.as_f64()?))).collect()
}

impl Decided for Noul {
    fn decision() -> DecisionType {
        DecisionType::noul()
    }

    fn fields(&self) -> Record {
        let fields = Record::new().with("confidence", self.confidence).with("value", self.value);
        match self.probability {
            Some(p) => fields.with("probability", p),
            None => fields,
        }
    }

    fn from_fields(fields: &Record) -> Option<Self> {
        let value = fields.get("value")?.as_bool()?;
        let confidence = number(fields, "confidence")?;
        Some(Self { value, probability: number(fields, "probability"), confidence })
    }
}

impl<O: Options> Decided for Choice<O> {
    fn decision() -> DecisionType {
        of_constants(DecisionType::choice(O::OPTIONS.iter().copied()))
    }

    fn fields(&self) -> Record {
        let fields = Record::new().with("confidence", self.confidence).with("value", self.value.as_str());
        match &self.probabilities {
            Some(all) => {
                let all: Dict = all.iter().map(|(l, p)| (l.as_str().into(), (*p).into())).collect();
                fields.with("probabilities", all)
            }
            None => fields,
        }
    }

    fn from_fields(fields: &Record) -> Option<Self> {
        let text = |v: Value| v.as_str().unwrap_or_default().to_owned();
        let all = known(fields, "probabilities");
        Some(Self {
            probabilities: all.map(|all| all.into_iter().map(|(l, p)| (text(l), p)).collect()),
            ..Self::new(fields.get("value")?.as_str()?, number(fields, "confidence")?)
        })
    }
}

impl<L: Levels> Decided for Score<L> {
    fn decision() -> DecisionType {
        of_constants(DecisionType::score(L::LEVELS.iter().copied()))
    }

    fn fields(&self) -> Record {
        let mut fields = Record::new().with("confidence", self.confidence).with("value", self.value);
        if let Some(all) = &self.probabilities {
            let all: Dict = all.iter().enumerate().map(|(i, p)| (i.into(), (*p).into())).collect();
            fields.insert("probabilities", all);
        }
        if let Some(level) = self.level {
            fields.insert("level", level);
        }
        fields
    }

    fn from_fields(fields: &Record) -> Option<Self> {
        let all = known(fields, "probabilities").map(|mut all| {
            all.sort_by_key(|(level, _)| level.as_i64());
            all.into_iter().map(|(_, p)| p).collect()
        });
        let level = fields.get("level").and_then(Value::as_i64).and_then(|l| u32::try_from(l).ok());
        let made = Self::new(number(fields, "value")?, number(fields, "confidence")?);
        Some(Self { probabilities: all, level, ..made })
    }
}

macro_rules! decided {
    ($($name:ident $(<$of:ident: $bound:ident>)?)*) => {$(
        impl $(<$of: $bound>)? From<$name $(<$of>)?> for Value {
            fn from(decided: $name $(<$of>)?) -> Self {
                let type_name = <$name $(<$of>)?>::decision().name();
                Self::Struct(StructValue { type_name, fields: decided.fields() })
            }
        }

        impl $(<$of: $bound>)? Own for $name $(<$of>)? {
            const NAME: &'static str = stringify!($name);

            fn from_value(value: &Value) -> Option<Self> {
                if !Self::decision().fits(value) {
                    return None;
                }
                match value {
                    Value::Struct(s) => Self::from_fields(&s.fields),
                    Value::Dict(_) => match Self::decision().stated(value.clone()).ok()? {
                        Value::Struct(s) => Self::from_fields(&s.fields),
                        _ => None,
                    },
                    _ => None,
                }
            }
        }

        impl $(<$of: $bound>)? Serialize for $name $(<$of>)? {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_newtype_struct(MARK, &Value::from(self.clone()).to_tagged())
            }
        }

        impl<'de $(, $of: $bound)?> Deserialize<'de> for $name $(<$of>)? {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_newtype_struct(MARK, OwnVisitor(PhantomData))
            }
        }

        impl $(<$of: $bound>)? JsonSchema for $name $(<$of>)? {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                Self::decision().name().into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let ty = FieldType::Special(Special::Decision(Self::decision()));
                Schema::try_from(ty.json_schema_lossless()).unwrap_or_default()
            }
        }
    )*};
}
decided!(Noul Choice<O: Options> Score<L: Levels>);
