//! What adapters have alike: how they are made, and what of an [`Adapter`](dspex_core::Adapter) follows from what they
//! are made of. An adapter says the rest: what it writes, and how it reads.

use std::sync::Arc;

use dspex_core::Adapter;

use crate::{JsonAdapter, Native, Wording};

/// How an adapter is made: with our wording or another, and, after `native`, with features of models.
macro_rules! constructors {
    ($adapter:ident, $wording:ident => $made:expr $(, native: $self:ident, $native:ident => $with:expr)?) => {
        impl $adapter {
            /// The adapter with our wording.
            pub fn new() -> Self {
                Self::default()
            }

            /// The adapter with another wording.
            #[must_use]
            pub fn with_wording($wording: impl Into<std::sync::Arc<$crate::Wording>>) -> Self {
                $made
            }

            $(
                /// The adapter using these of a model's own features.
                #[must_use]
                pub fn with_native($self, $native: $crate::Native) -> Self {
                    $with
                }
            )?
        }
    };
}

/// What follows from a wording, `wording`, or from the adapter that another is over, `over json`.
macro_rules! follows_from {
    (wording) => {
        fn wording(&self) -> Option<&str> {
            Some(&self.wording.id)
        }

        fn complaint(&self, error: &dspex_core::Error) -> String {
            self.wording.complaint(error)
        }
    };
    (wording, extractor) => {
        $crate::common::follows_from!(wording);

        fn extractor(&self) -> Option<std::sync::Arc<dyn dspex_core::Adapter>> {
            let wording = std::sync::Arc::clone(&self.wording);
            Some(std::sync::Arc::new($crate::TwoStepAdapter::with_wording(wording)))
        }
    };
    (wording, extractor, plan) => {
        $crate::common::follows_from!(wording, extractor);

        fn read(
            &self,
            call: &dspex_core::RenderCall<'_>,
            completion: &dspex_core::lm::Choice,
            policy: &dspex_core::ParsePolicy,
        ) -> dspex_core::Result<dspex_core::Parsed> {
            $crate::parse::beside(call.signature, &self.plan(call), completion, policy, |signature| {
                self.parse(signature, completion, policy)
            })
        }
    };
    (over $inner:ident) => {
        fn wording(&self) -> Option<&str> {
            self.$inner.wording()
        }

        fn as_json(&self) -> Option<std::sync::Arc<dyn dspex_core::Adapter>> {
            self.$inner.as_json()
        }

        fn extractor(&self) -> Option<std::sync::Arc<dyn dspex_core::Adapter>> {
            self.$inner.extractor()
        }

        fn complaint(&self, error: &dspex_core::Error) -> String {
            self.$inner.complaint(error)
        }
    };
}

pub(crate) use {constructors, follows_from};

/// How an adapter of sections or elements is asked as JSON, in its own words and with the same features of models.
#[expect(clippy::unnecessary_wraps, reason = "as adapters say whether they can be asked so")]
pub(crate) fn as_json(wording: &Arc<Wording>, native: &Native) -> Option<Arc<dyn Adapter>> {
    let json = JsonAdapter::with_wording(Arc::clone(wording)).with_native(native.clone());
    Some(Arc::new(json.asked_by_chat()))
}
