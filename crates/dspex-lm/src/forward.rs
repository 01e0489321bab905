//! What a model that stands before another gives on as it is.

/// The parts of a [`LanguageModel`](dspex_core::LanguageModel) that are those of the model within.
macro_rules! forward {
    ($lm:tt) => {
        fn id(&self) -> &str {
            self.$lm.id()
        }

        fn endpoint(&self) -> String {
            self.$lm.endpoint()
        }

        fn capabilities(&self) -> dspex_core::lm::Capabilities {
            self.$lm.capabilities()
        }

        fn note_refused(&self, format: &dspex_core::lm::ResponseFormat) {
            self.$lm.note_refused(format);
        }

        fn settings(&self) -> serde_json::Map<String, serde_json::Value> {
            self.$lm.settings()
        }

        fn cached<'a>(
            &'a self,
            request: &'a dspex_core::lm::Request,
        ) -> dspex_core::BoxFuture<'a, Option<dspex_core::lm::Reply>> {
            self.$lm.cached(request)
        }
    };
}

pub(crate) use forward;
