//! Values against types: what pydantic's lax mode makes of a value, with its choice among the options of a union.

use std::sync::Arc;

use dspex_core::types::{StructField, StructType, TupleType, UnionType};
use dspex_core::value::StructValue;
use dspex_core::{FieldType, Note, ParseRule, Record, Value};

use super::{Coercion, Mismatch, choice, named, pyeq, scalar, special, time};
use crate::parse::pyeq::DictBuilder;

/// How near a value is to what was given; unions take the option that is nearest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Exactness {
    /// A rule of ours was needed.
    Mended,
    /// Converted.
    Lax,
    /// Of the type in a wider sense.
    Strict,
    /// Of the type.
    Exact,
}

/// Structs inside structs inside structs; pydantic's bound.
const MAX_DEPTH: usize = 255;

/// One pass over a value.
pub(super) struct Walk<'w, 'a> {
    pub(super) cx: &'w mut Coercion<'a>,
    exactness: Exactness,
    /// Fields that were given to structs, of which a union counts the most as the best; none without structs.
    fields_set: Option<usize>,
    /// Structs around the place, for types that contain themselves.
    open: Vec<Arc<StructType>>,
    depth: usize,
}

type Read = Result<Value, Mismatch>;

impl<'w, 'a> Walk<'w, 'a> {
    pub(super) fn new(cx: &'w mut Coercion<'a>) -> Self {
        Self { cx, exactness: Exactness::Exact, fields_set: None, open: Vec::new(), depth: 0 }
    }

    /// The value is no nearer than this.
    pub(super) fn floor(&mut self, exactness: Exactness) {
        self.exactness = self.exactness.min(exactness);
    }

    pub(super) fn validate(&mut self, value: &Value, ty: &FieldType) -> Read {
        if self.depth > MAX_DEPTH {
            return Err(Mismatch::words(ty.name(), "too much nesting").hard());
        }
        self.depth += 1;
        let result = self.dispatch(value, ty);
        self.depth -= 1;
        result
    }

    fn dispatch(&mut self, value: &Value, ty: &FieldType) -> Read {
        match ty {
            FieldType::Any | FieldType::Schema(_) => {
                // A union prefers this to a conversion.
                self.floor(Exactness::Strict);
                Ok(value.clone())
            }
            FieldType::None if value.is_none() => Ok(Value::None),
            FieldType::None => Err(Mismatch::new(ty, value)),
            FieldType::List(item) => self.list(value, item.as_deref(), ty),
            FieldType::Set(item) => self.set(value, item.as_deref(), ty).map(Value::Set),
            FieldType::FrozenSet(item) => self.set(value, item.as_deref(), ty).map(Value::FrozenSet),
            FieldType::Tuple(items) => self.tuple(value, items.as_ref(), ty),
            FieldType::Dict(types) => self.dict(value, types.as_deref(), ty),
            FieldType::Literal(values) => choice::literal(self, value, values, ty),
            FieldType::Enum(e) => choice::member(self, value, e, ty),
            FieldType::Union(union) => self.union(value, union, ty),
            FieldType::Struct(s) => self.structure(value, s, ty),
            FieldType::Ref(name) => match self.open.iter().rfind(|s| *s.name == **name).cloned() {
                Some(s) => self.structure(value, &s, ty),
                None => Err(Mismatch::unsupported(ty)),
            },
            FieldType::Named(n) => named::value(self, value, n),
            FieldType::Special(special) => special::read(self, value, special, ty),
            FieldType::Date | FieldType::DateTime | FieldType::Time | FieldType::TimeDelta => {
                let (value, exactness) = time::read(value, ty).ok_or_else(|| Mismatch::new(ty, value))?;
                self.floor(exactness);
                Ok(value)
            }
            FieldType::Str
            | FieldType::Int
            | FieldType::Float
            | FieldType::Bool
            | FieldType::Bytes
            | FieldType::Complex
            | FieldType::Decimal
            | FieldType::Uuid => scalar::validate(self, value, ty),
            _ => Err(Mismatch::unsupported(ty)),
        }
    }

    /// The items of a list, tuple or set; the kind that is wanted is exact, the others are converted.
    fn items<'v>(&mut self, value: &'v Value, ty: &FieldType) -> Result<&'v [Value], Mismatch> {
        let exact = matches!(
            (value, ty),
            (Value::List(_), FieldType::List(_))
                | (Value::Tuple(_), FieldType::Tuple(_))
                | (Value::Set(_), FieldType::Set(_))
                | (Value::FrozenSet(_), FieldType::FrozenSet(_))
        );
        if !exact {
            self.floor(Exactness::Lax);
        }
        value.as_list().ok_or_else(|| Mismatch::new(ty, value))
    }

    fn list(&mut self, value: &Value, item: Option<&FieldType>, ty: &FieldType) -> Read {
        let items = self.items(value, ty)?;
        // A list of anything is taken as it is, and stays exact.
        let Some(item) = item.filter(|i| **i != FieldType::Any) else {
            return Ok(Value::List(items.to_vec()));
        };
        self.each(items, item).map(Value::List)
    }

    fn each(&mut self, items: &[Value], ty: &FieldType) -> Result<Vec<Value>, Mismatch> {
        items.iter().enumerate().map(|(i, v)| self.validate(v, ty).map_err(|m| m.at_index(i))).collect()
    }

    fn set(
        &mut self,
        value: &Value,
        item: Option<&FieldType>,
        ty: &FieldType,
    ) -> Result<Vec<Value>, Mismatch> {
        let items = self.items(value, ty)?;
        let items = self.each(items, item.unwrap_or(&FieldType::Any))?;
        pyeq::distinct(items).ok_or_else(|| Mismatch::new(ty, value))
    }

    fn tuple(&mut self, value: &Value, tuple: Option<&TupleType>, ty: &FieldType) -> Read {
        let items = self.items(value, ty)?;
        let (types, variadic) = tuple.map_or((&[FieldType::Any][..], true), |t| (&t.items, t.variadic));
        if variadic {
            return self.each(items, types.first().unwrap_or(&FieldType::Any)).map(Value::Tuple);
        }
        let read = items
            .iter()
            .zip(types)
            .enumerate()
            .map(|(i, (v, t))| self.validate(v, t).map_err(|m| m.at_index(i)))
            .collect::<Result<_, _>>()?;
        if items.len() == types.len() { Ok(Value::Tuple(read)) } else { Err(Mismatch::new(ty, value)) }
    }

    fn dict(&mut self, value: &Value, types: Option<&(FieldType, FieldType)>, ty: &FieldType) -> Read {
        let entries = value.as_dict().ok_or_else(|| Mismatch::new(ty, value))?;
        let (key_type, value_type) = types.map_or((&FieldType::Any, &FieldType::Any), |t| (&t.0, &t.1));
        let mut out = DictBuilder::default();
        for (key, value) in entries.iter() {
            let new_key = self.validate(key, key_type).map_err(|m| m.at_key(key))?;
            let value = self.validate(value, value_type).map_err(|m| m.at_key(key))?;
            if !out.insert(new_key, value) {
                return Err(Mismatch::new(key_type, key).at_key(key).hard());
            }
        }
        Ok(Value::Dict(out.finish()))
    }

    fn union(&mut self, value: &Value, union: &UnionType, ty: &FieldType) -> Read {
        if value.is_none() && ty.allows_none() {
            return Ok(Value::None);
        }
        let mut options = union.options.iter().filter(|o| !matches!(o, FieldType::None));
        match (options.next(), options.next()) {
            (None, _) => Err(Mismatch::new(ty, value)),
            (Some(one), None) => self.validate(value, one),
            _ => self.nearest(value, union, ty),
        }
    }

    /// The first option of which the value is; failing that, the one to which it is nearest.
    fn nearest(&mut self, value: &Value, union: &UnionType, ty: &FieldType) -> Read {
        let (exactness, fields_set, notes) = (self.exactness, self.fields_set, self.cx.notes.len());
        let mut best: Option<Found> = None;
        let mut refused = None;
        for option in union.options.iter().filter(|o| !matches!(o, FieldType::None)) {
            (self.exactness, self.fields_set) = (Exactness::Exact, None);
            let result = self.validate(value, option);
            let added = self.cx.notes.split_off(notes);
            match result {
                Ok(value) => {
                    let found =
                        Found { value, exactness: self.exactness, fields_set: self.fields_set, notes: added };
                    let done = found.exactness == Exactness::Exact && found.fields_set.is_none();
                    if best.as_ref().is_none_or(|b| found.beats(b)) || done {
                        best = Some(found);
                    }
                    if done {
                        break;
                    }
                }
                Err(m) if m.hard => {
                    best = None;
                    refused = Some(m);
                    break;
                }
                Err(m) if m.rule.is_some() => {
                    refused.get_or_insert(m);
                }
                Err(_) => {}
            }
        }
        (self.exactness, self.fields_set) = (exactness, fields_set);
        match (best, refused) {
            // What one option refuses as ambiguous is not to be guessed by another.
            (Some(found), Some(refused)) if found.exactness == Exactness::Mended => Err(refused),
            (Some(found), refused) => {
                let rule = refused.and_then(|m| m.rule);
                let other = rule
                    .is_some_and(|rule| self.without(rule, value, union, ty).as_ref() != Ok(&found.value));
                let value = self.take(found);
                if let Some(rule) = rule.filter(|_| other) {
                    self.cx.note(rule, "took another of the types than the one that the rule refuses");
                }
                Ok(value)
            }
            (None, Some(refused)) => Err(refused),
            (None, None) => Err(Mismatch::new(ty, value)),
        }
    }

    /// What the union would make of the value if a rule were not in force.
    fn without(&self, rule: ParseRule, value: &Value, union: &UnionType, ty: &FieldType) -> Read {
        let policy = self.cx.policy.clone().without(rule);
        let mut cx = Coercion::new(&policy, self.cx.field);
        let mut walk = Walk::new(&mut cx);
        walk.open.clone_from(&self.open);
        walk.depth = self.depth;
        walk.nearest(value, union, ty)
    }

    fn take(&mut self, found: Found) -> Value {
        self.floor(found.exactness);
        if let Some(count) = found.fields_set {
            self.add_fields(count);
        }
        self.cx.notes.extend(found.notes);
        found.value
    }

    pub(super) fn add_fields(&mut self, count: usize) {
        *self.fields_set.get_or_insert(0) += count;
    }

    fn structure(&mut self, value: &Value, s: &Arc<StructType>, ty: &FieldType) -> Read {
        if matches!(value, Value::Struct(v) if v.type_name == s.name) {
            return Ok(value.clone());
        }
        self.floor(Exactness::Strict);
        let Value::Dict(given) = value else { return Err(Mismatch::new(ty, value)) };
        self.open.push(Arc::clone(s));
        let fields = s.fields.iter().map(|f| self.field(s, f, given)).collect::<Result<Vec<_>, _>>();
        self.open.pop();
        let fields = fields?;
        if s.closed
            && let Some(extra) =
                given.keys().find(|k| !s.fields.iter().any(|f| names(s, f).any(|n| k.as_str() == Some(n))))
        {
            return Err(Mismatch::words(format!("no field but those of {}", s.name), "one").at_key(extra));
        }
        self.add_fields(fields.iter().filter(|(_, given)| *given).count());
        let fields = fields.into_iter().filter_map(|(field, _)| field).collect::<Record>();
        Ok(Value::Struct(StructValue { type_name: s.name.clone(), fields }))
    }

    /// A field's name and value, and whether it was given.
    fn field(
        &mut self,
        owner: &StructType,
        field: &StructField,
        given: &dspex_core::Dict,
    ) -> Result<(Option<(String, Value)>, bool), Mismatch> {
        if let Some((key, value)) = names(owner, field).find_map(|n| Some((n, given.get_str(n)?))) {
            // Strict schemas let a model leave a field out in this way only.
            let left_out = value.is_none() && !field.required && field.ty.check(value).is_err();
            if !(left_out && self.cx.applies(ParseRule::NullForDefault)) {
                let value = self.validate(value, &field.ty).map_err(|m| m.at_key(&key.into()))?;
                for rule in &field.constraints {
                    rule.check(&value).map_err(|e| Mismatch::broken(&e).at_key(&key.into()))?;
                }
                return Ok((Some((field.name.clone(), value)), true));
            }
            self.floor(Exactness::Mended);
            self.cx.note(ParseRule::NullForDefault, format!("took `null` for `{key}` as left out"));
        }
        if field.required {
            return Err(Mismatch::words(field.ty.name(), "nothing").at_key(&json_name(field).into()));
        }
        let default = field.default.clone().or_else(|| field.ty.allows_none().then_some(Value::None));
        Ok((default.map(|value| (field.name.clone(), value)), false))
    }

    /// Refuses what a rule of the policy refuses.
    pub(super) fn refuse(&self, rule: ParseRule, value: &Value, ty: &FieldType) -> Result<(), Mismatch> {
        if self.cx.applies(rule) { Err(Mismatch::new(ty, value).by(rule)) } else { Ok(()) }
    }
}

/// The name of a field in JSON.
fn json_name(field: &StructField) -> &str {
    field.alias.as_ref().unwrap_or(&field.name)
}

/// The names under which a field of a struct may come.
fn names<'f>(owner: &StructType, field: &'f StructField) -> impl Iterator<Item = &'f str> {
    let own = (owner.by_name && field.alias.is_some()).then_some(field.name.as_str());
    std::iter::once(json_name(field)).chain(own)
}

/// What an option of a union made of the value.
struct Found {
    value: Value,
    exactness: Exactness,
    fields_set: Option<usize>,
    notes: Vec<Note>,
}

impl Found {
    /// More fields beat fewer, then nearer beats farther; what was mended never beats what was not.
    fn beats(&self, other: &Self) -> bool {
        let mended = |f: &Self| f.exactness == Exactness::Mended;
        match (other.fields_set, self.fields_set) {
            _ if mended(self) != mended(other) => mended(other),
            (Some(theirs), Some(ours)) if theirs != ours => theirs < ours,
            _ => other.exactness < self.exactness,
        }
    }
}
