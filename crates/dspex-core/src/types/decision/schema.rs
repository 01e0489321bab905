//! What a model is asked for, and what a value is: the shapes of decisions.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::{DecisionType, Kind, label};
use crate::signature::Constraint;
use crate::types::{FieldType, StructField, StructType, UnionSyntax};
use crate::value::Value;

impl DecisionType {
    /// The evidence that a model gives, as a type: `{"noul": p}`, or `{"probabilities": {...}, "confidence": c}`. No
    /// other key may stand in it, and numbers are from 0 to 1.
    ///
    /// ```
    /// use dspex_core::types::DecisionType;
    /// let evidence = DecisionType::noul().evidence_type();
    /// assert_eq!(evidence.json_schema()["required"], serde_json::json!(["noul"]));
    /// ```
    pub fn evidence_type(&self) -> FieldType {
        let fields = match &*self.0 {
            Kind::Noul(_) => vec![probability("noul")],
            _ => {
                let labels = self.labels().into_iter().map(probability).collect();
                let probabilities = closed(format!("{}Probabilities", self.kind()), labels);
                vec![StructField::new("probabilities", probabilities), probability("confidence")]
            }
        };
        closed(format!("{}Evidence", self.kind()), fields)
    }

    /// A value of the decision, as a type: `value`, `confidence`, and what is known of probabilities and level.
    ///
    /// ```
    /// use dspex_core::{FieldType, types::DecisionType};
    /// let FieldType::Struct(shape) = DecisionType::noul().value_type() else { panic!("expected a struct") };
    /// let names: Vec<&str> = shape.fields.iter().map(|f| f.name.as_str()).collect();
    /// assert_eq!(names, ["confidence", "value", "probability"]);
    /// ```
    pub fn value_type(&self) -> FieldType {
        let mut fields = vec![probability("confidence")];
        match &*self.0 {
            Kind::Noul(_) => {
                fields.push(StructField::new("value", FieldType::Bool));
                let p = StructField {
                    ty: optional(FieldType::Float),
                    required: false,
                    ..probability("probability")
                };
                fields.push(p);
            }
            Kind::Choice(options) => {
                let values = options.iter().map(|(v, _)| v.clone()).collect();
                fields.push(StructField::new("value", FieldType::Literal(values)));
                fields.push(left_out("probabilities", FieldType::dict(FieldType::Str, FieldType::Float)));
            }
            Kind::Score(levels) => {
                let most = levels.len() - 1;
                let value = StructField::new("value", FieldType::Float);
                fields.push(StructField { constraints: between(most), ..value });
                fields.push(left_out("probabilities", FieldType::dict(FieldType::Int, FieldType::Float)));
                let level = left_out("level", FieldType::Int);
                fields.push(StructField { constraints: between(most), ..level });
            }
        }
        closed(self.name(), fields)
    }

    /// The JSON Schema of the evidence, with the criteria where they belong. All of it stands in one place: labels would
    /// make poor names of definitions.
    pub(crate) fn schema(&self) -> Json {
        let number =
            |said: String| json!({"type": "number", "description": said, "minimum": 0, "maximum": 1});
        let criterion = |d: &Json| match d {
            Json::Null => String::new(),
            Json::String(text) => text.clone(),
            other => other.to_string(),
        };
        let of = |properties: Map<String, Json>, title: String| {
            let required: Vec<&String> = properties.keys().collect();
            json!({"type": "object", "title": title, "required": required, "properties": properties,
                   "additionalProperties": false})
        };
        let entries: Vec<(String, &Json)> = match &*self.0 {
            Kind::Noul(criteria) => {
                let mut said = "How likely the answer is yes, from 0 to 1.".to_owned();
                for (value, d) in criteria.iter().filter(|(_, d)| !criterion(d).is_empty()) {
                    let word = if *value { "Yes" } else { "No" };
                    said.extend([" ", word, ": ", criterion(d).trim_end_matches('.'), "."]);
                }
                return of([("noul".to_owned(), number(said))].into_iter().collect(), "Noul".into());
            }
            Kind::Choice(options) => options.iter().map(|(v, d)| (label(v), d)).collect(),
            Kind::Score(levels) => levels.iter().enumerate().map(|(i, d)| (i.to_string(), d)).collect(),
        };
        let each = entries.into_iter().map(|(name, d)| {
            let mut schema = number(criterion(d));
            if schema["description"] == "" {
                schema.as_object_mut().map(|s| s.shift_remove("description"));
            }
            (name, schema)
        });
        let mut probabilities = of(each.collect(), format!("{}Probabilities", self.kind()));
        let what = if matches!(&*self.0, Kind::Score(_)) { "level" } else { "option" };
        probabilities["description"] = json!(format!("How likely each {what} is; together 1."));
        let sure = "How sure you are of this, from 0 to 1.".to_owned();
        let properties =
            [("probabilities".to_owned(), probabilities), ("confidence".to_owned(), number(sure))];
        of(properties.into_iter().collect(), self.kind().into())
    }
}

fn closed(name: String, fields: Vec<StructField>) -> FieldType {
    FieldType::Struct(Arc::new(StructType { name, fields, closed: true, ..StructType::default() }))
}

fn between(most: usize) -> Vec<Constraint> {
    vec![Constraint::Ge(Value::from(0)), Constraint::Le(Value::from(most)), Constraint::AllowInfNan(false)]
}

fn probability(name: impl Into<String>) -> StructField {
    StructField { constraints: between(1), ..StructField::new(name, FieldType::Float) }
}

fn optional(ty: FieldType) -> FieldType {
    FieldType::union(vec![ty, FieldType::None], UnionSyntax::Pep604)
}

fn left_out(name: &str, ty: FieldType) -> StructField {
    StructField { required: false, ..StructField::new(name, optional(ty)) }
}
