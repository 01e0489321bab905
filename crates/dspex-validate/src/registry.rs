//! A registry of types that many read while somebody changes it.

use std::sync::{Arc, PoisonError, RwLock};

use dspex_core::{FieldType, Signature, SignatureError, SignatureParser, TypeRegistry};

/// Types by name that can be added and taken out while others read them.
///
/// It is a value: clones share it, and two that were made apart share nothing. Who reads takes a snapshot, which stays as
/// it is.
///
/// ```
/// use dspex_core::FieldType;
/// use dspex_validate::SharedTypes;
/// let types = SharedTypes::default();
/// types.register("Mood", FieldType::literal(["good", "bad"]));
/// let signature = types.parse("text -> mood: Mood")?;
/// assert!(types.unregister("Mood").is_some());
/// assert!(types.parse("text -> mood: Mood").is_err());
/// assert_eq!(signature.outputs()[0].ty.name(), "Literal['good', 'bad']", "what was read stays");
/// # Ok::<(), dspex_core::SignatureError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct SharedTypes(Arc<RwLock<Arc<TypeRegistry>>>);

impl SharedTypes {
    /// A registry that starts with these types.
    pub fn new(types: TypeRegistry) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(types))))
    }

    /// Adds a type; gives back the one that had the name.
    pub fn register(&self, name: impl Into<String>, ty: FieldType) -> Option<FieldType> {
        let name = name.into();
        self.change(|types| {
            let old = types.get(&name).cloned();
            (types.clone().with(name, ty), old)
        })
    }

    /// Takes a type out.
    pub fn unregister(&self, name: &str) -> Option<FieldType> {
        self.change(|types| {
            let old = types.get(name).cloned();
            (types.clone().without(name), old)
        })
    }

    /// The types as they are now.
    pub fn snapshot(&self) -> Arc<TypeRegistry> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A signature from a string that may name the types.
    pub fn parse(&self, text: &str) -> Result<Signature, SignatureError> {
        SignatureParser::new().types(&self.snapshot()).parse(text)
    }

    // A panic of another holder leaves a whole registry behind: it is replaced at once.
    fn change<R>(&self, change: impl FnOnce(&TypeRegistry) -> (TypeRegistry, R)) -> R {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let (types, result) = change(&held);
        *held = Arc::new(types);
        result
    }
}
