//! Rust types as fields: what goes into a prompt by its type comes out of a reply by its type.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::NonZeroU8;
use std::time::Duration;

use dspex_core::{
    Context, FieldValue, Module, Signature, TypedSignature, types::field_type_of, value::to_value,
};
use dspex_modules::Predict;
use dspex_testkit::{ScriptedLm, block_on};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Place {
    #[serde(rename = "cityName")]
    city: String,
    zip: Option<u32>,
    #[serde(default)]
    tags: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Tree {
    name: String,
    leaves: Vec<Tree>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Meters(f64);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Shape {
    Circle { radius: f64 },
    Square { side: f64 },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
enum Outer {
    Plain,
    Number(i32),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Either {
    Text(String),
    Number(i64),
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Light {
    DeepRed,
    Green,
}

/// Sends a value as an input, gives it back as the model's answer in the form of the prompt, and compares.
fn there_and_back<S>(make: impl Fn() -> S::Input, same: impl Fn(&S::Output) -> bool, what: &str)
where
    S: TypedSignature,
{
    let lm = ScriptedLm::from_fn(|request| {
        let turn = request.messages.last().unwrap().text();
        let value = turn.strip_prefix("[[ ## given ## ]]\n").unwrap().rsplit_once("\n\n").unwrap().0;
        Ok(dspex_core::lm::Reply::text(format!("[[ ## back ## ]]\n{value}\n\n[[ ## completed ## ]]\n")))
    });
    let out = block_on(Predict::<S>::new().call(&Context::new(lm.clone()), make()));
    let out = out.unwrap_or_else(|e| {
        panic!(
            "{what}: {e}\nasked:\n{}",
            lm.requests().last().map_or_else(String::new, |r| r.messages.last().unwrap().text())
        )
    });
    assert!(same(&out), "{what}");
}

macro_rules! round_trips {
    ($($name:ident: $t:ty = $value:expr;)*) => {$(
        #[test]
        fn $name() {
            #[derive(Signature)]
            struct Echo {
                #[input]
                given: $t,
                #[output]
                back: $t,
            }
            there_and_back::<Echo>(|| EchoInput { given: $value }, |out| out.back == $value, stringify!($t));
        }
    )*};
}

round_trips! {
    text: String = "two words".to_owned();
    borrowed_text: Cow<'static, str> = Cow::Borrowed("x");
    boxed_text: Box<str> = "x".into();
    character: char = 'ä';
    small: i8 = -7;
    large: u64 = u64::MAX;
    huge: i128 = i128::from(i64::MAX) * 1000;
    not_zero: NonZeroU8 = NonZeroU8::new(3).unwrap();
    single_float: f32 = 0.1;
    double_float: f64 = 1e-7;
    truth: bool = true;
    maybe_some: Option<i32> = Some(3);
    maybe_none: Option<i32> = None;
    list: Vec<Vec<u8>> = vec![vec![1, 2], vec![]];
    array: [f64; 3] = [1.0, 2.5, -3.0];
    pair: (i32, String) = (1, "one".into());
    set: BTreeSet<String> = ["a".to_owned(), "b".to_owned()].into();
    map: BTreeMap<String, Vec<i32>> = [("a".to_owned(), vec![1])].into();
    hash_map: HashMap<String, f64> = [("a".to_owned(), 0.5)].into();
    number_keys: BTreeMap<u32, String> = [(7, "seven".to_owned())].into();
    span: Duration = Duration::from_millis(1_500);
    newtype: Meters = Meters(2.5);
    structure: Place = Place { city: "Köln".into(), zip: Some(50667), tags: vec!["old".into()] };
    structures: Vec<Place> = vec![Place { city: "A".into(), zip: None, tags: vec![] }];
    maybe_structure: Option<Place> = None;
    recursive: Tree = Tree { name: "a".into(), leaves: vec![Tree { name: "b".into(), leaves: vec![] }] };
    unit_enum: Light = Light::DeepRed;
    unit_enums: Vec<Light> = vec![Light::Green, Light::DeepRed];
    tagged_enum: Shape = Shape::Circle { radius: 1.5 };
    tagged_enums: Vec<Shape> = vec![Shape::Square { side: 2.0 }, Shape::Circle { radius: 1.0 }];
    outer_enum: Vec<Outer> = vec![Outer::Plain, Outer::Number(4)];
    untagged_enum: Vec<Either> = vec![Either::Text("x".into()), Either::Number(4)];
}

/// A value of a type is of the type that its schema says.
#[test]
fn values_are_of_the_type_that_their_schema_says() {
    fn holds<T: FieldValue>(value: &T) {
        let (ty, data) = (field_type_of::<T>(), to_value(value).unwrap());
        assert_eq!(ty.check(&data), Ok(()), "{} {data:?}", ty.annotation());
    }
    holds(&[1_u8, 2]);
    holds(&(1, 'x', Some(2.5)));
    holds(&vec![(1, "a".to_owned())]);
    holds(&Some(Tree { name: "a".into(), leaves: vec![] }));
    holds(&[("k".to_owned(), Light::Green)].into_iter().collect::<BTreeMap<_, _>>());
}
