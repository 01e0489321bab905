//! The table of providers.

use std::sync::Arc;

#[cfg(feature = "http")]
use dspex_core::schema::{ANTHROPIC, GEMINI};

#[cfg(feature = "http")]
use super::embeds;
#[cfg(feature = "http")]
use super::families::{self, Can, open_model};
#[cfg(feature = "http")]
use super::vendor::Vendor;
use super::{How, Provider};
use crate::NearestLm;
#[cfg(feature = "http")]
use crate::batch::{AnthropicBatches, OpenAiBatches};
#[cfg(feature = "http")]
use crate::wire::embeddings::{EmbeddingForm, Embeds};
#[cfg(feature = "http")]
use crate::wire::quirks::{Ask, Files, Thinking, Thoughts};
#[cfg(feature = "http")]
use crate::wire::{Anthropic, Auth, Cohere, Gemini, Ollama, OpenAiResponses, Quirks};

/// Every provider. To add one: a row here.
///
/// ```
/// let names: Vec<&str> = dspex_lm::PROVIDERS.iter().map(|p| p.name).collect();
/// assert!(names.contains(&"builtin") && names.contains(&"ollama"));
/// ```
pub const PROVIDERS: &[Provider] = &[
    Provider { name: "builtin", how: How::BuiltIn(&[("nearest", || Arc::new(NearestLm::new()))]) },
    #[cfg(feature = "http")]
    Provider {
        name: "openai",
        how: How::Http(Vendor {
            base: "https://api.openai.com/v1",
            base_variables: &["OPENAI_BASE_URL", "OPENAI_API_BASE"],
            key_variables: &["OPENAI_API_KEY"],
            more_wires: &[("responses/", &OpenAiResponses)],
            embeds: Some(Embeds { dimensions: embeds::openai_dimensions, ..Embeds::OPENAI }),
            quirks: Quirks {
                instructions: true,
                max_completion_tokens: families::openai_reasons,
                refuses: families::openai_refuses,
                thinking: families::openai_thinks,
                ..Quirks::NONE
            },
            batches: Some(&OpenAiBatches),
            capabilities: families::openai_can,
            ..Vendor::CHAT
        }),
    },
    #[cfg(feature = "http")]
    Provider {
        name: "anthropic",
        how: How::Http(Vendor {
            base: "https://api.anthropic.com/v1",
            base_path: "/v1",
            base_variables: &["ANTHROPIC_BASE_URL", "ANTHROPIC_API_BASE"],
            key_variables: &["ANTHROPIC_API_KEY"],
            wire: &Anthropic,
            batches: Some(&AnthropicBatches),
            capabilities: families::claude_can,
            dialect: ANTHROPIC,
            ..Vendor::CHAT
        }),
    },
    #[cfg(feature = "http")]
    Provider {
        name: "azure",
        how: How::Http(Vendor {
            base: "{AZURE_API_BASE}/openai/deployments/{model}?api-version={AZURE_API_VERSION:2024-10-21}",
            base_variables: &["AZURE_API_BASE"],
            key_variables: &["AZURE_API_KEY", "AZURE_OPENAI_API_KEY"],
            auth: Some(Auth::Header("api-key")),
            embeds: Some(Embeds { dimensions: embeds::openai_dimensions, ..Embeds::OPENAI }),
            quirks: Quirks {
                max_completion_tokens: families::openai_reasons,
                refuses: families::openai_refuses,
                thinking: families::azure_thinks,
                ..Quirks::NONE
            },
            capabilities: families::openai_can,
            ..Vendor::CHAT
        }),
    },
    #[cfg(feature = "http")]
    Provider {
        name: "openrouter",
        how: How::Http(Vendor {
            base: "https://openrouter.ai/api/v1",
            base_variables: &["OPENROUTER_API_BASE"],
            key_variables: &["OPENROUTER_API_KEY", "OR_API_KEY"],
            embeds: Some(Embeds { inputs: |_| Some(embeds::SEARCHED), ..Embeds::OPENAI }),
            quirks: Quirks {
                stream_usage: false,
                thinking: |_| Thinking::Object,
                thoughts: Thoughts::Details,
                files: Files::OpenAiOrUrl,
                cache_marks: true,
                ..Quirks::NONE
            },
            capabilities: families::openrouter_can,
            ..Vendor::CHAT
        }),
    },
    #[cfg(feature = "http")]
    Provider {
        name: "deepseek",
        how: How::Http(Vendor {
            base: "https://api.deepseek.com",
            base_variables: &["DEEPSEEK_API_BASE"],
            key_variables: &["DEEPSEEK_API_KEY"],
            quirks: Quirks {
                refuses: |_| {
                    &[
                        Ask::TopK,
                        Ask::Seed,
                        Ask::ServiceTier,
                        Ask::JsonSchema,
                        Ask::Images,
                        Ask::Audio,
                        Ask::Files,
                    ]
                },
                thinking: |_| Thinking::Switch,
                thoughts: Thoughts::ReasoningContent,
                ..Quirks::NONE
            },
            capabilities: families::deepseek_can,
            ..Vendor::CHAT
        }),
    },
    #[cfg(feature = "http")]
    Provider {
        name: "mistral",
        how: How::Http(Vendor {
            base: "https://api.mistral.ai/v1",
            base_variables: &["MISTRAL_API_BASE", "MISTRAL_AZURE_API_BASE"],
            key_variables: &["MISTRAL_API_KEY", "MISTRAL_AZURE_API_KEY"],
            embeds: Some(Embeds {
                // All texts of a request together have 16,384 tokens at most.
                most_bytes: 32_000,
                dimensions: |model| model.starts_with("codestral-embed").then_some("output_dimension"),
                ..Embeds::OPENAI
            }),
            quirks: Quirks {
                stream_usage: false,
                refuses: |_| &[Ask::TopK, Ask::Logprobs, Ask::ServiceTier],
                seed: "random_seed",
                any_tool: "any",
                thinking: families::mistral_thinks,
                thoughts: Thoughts::Chunks,
                files: Files::Mistral,
                ..Quirks::NONE
            },
            capabilities: families::mistral_can,
            ..Vendor::CHAT
        }),
    },
    #[cfg(feature = "http")]
    Provider {
        name: "groq",
        how: How::Http(Vendor {
            base: "https://api.groq.com/openai/v1",
            base_variables: &["GROQ_API_BASE"],
            key_variables: &["GROQ_API_KEY"],
            quirks: Quirks {
                refuses: |_| &[Ask::TopK, Ask::Logprobs, Ask::Audio, Ask::Files],
                thinking: families::groq_thinks,
                ..Quirks::NONE
            },
            capabilities: families::groq_can,
            ..Vendor::CHAT
        }),
    },
    #[cfg(feature = "http")]
    Provider {
        name: "xai",
        how: How::Http(Vendor {
            base: "https://api.x.ai/v1",
            base_variables: &["XAI_API_BASE"],
            key_variables: &["XAI_API_KEY"],
            more_wires: &[("responses/", &OpenAiResponses)],
            quirks: Quirks { refuses: families::xai_refuses, thinking: families::xai_thinks, ..Quirks::NONE },
            capabilities: families::xai_can,
            ..Vendor::CHAT
        }),
    },
    #[cfg(feature = "http")]
    Provider {
        name: "together_ai",
        how: How::Http(Vendor {
            base: "https://api.together.ai/v1",
            base_variables: &["TOGETHER_AI_API_BASE"],
            key_variables: &[
                "TOGETHER_API_KEY",
                "TOGETHER_AI_API_KEY",
                "TOGETHERAI_API_KEY",
                "TOGETHER_AI_TOKEN",
            ],
            embeds: Some(Embeds { dimensions: |_| None, ..Embeds::SERVER }),
            quirks: Quirks {
                refuses: |_| &[Ask::ServiceTier, Ask::ParallelToolCalls, Ask::Files],
                thinking: |_| Thinking::Enabled,
                ..Quirks::NONE
            },
            capabilities: families::hosted,
            ..Vendor::CHAT
        }),
    },
    #[cfg(feature = "http")]
    Provider {
        name: "fireworks_ai",
        how: How::Http(Vendor {
            base: "https://api.fireworks.ai/inference/v1",
            base_variables: &["FIREWORKS_API_BASE"],
            key_variables: &[
                "FIREWORKS_API_KEY",
                "FIREWORKS_AI_API_KEY",
                "FIREWORKSAI_API_KEY",
                "FIREWORKS_AI_TOKEN",
            ],
            embeds: Some(Embeds::SERVER),
            quirks: Quirks {
                refuses: |_| &[Ask::Audio, Ask::Files],
                thinking: |_| Thinking::EffortOrTokens,
                thoughts: Thoughts::ReasoningContent,
                ..Quirks::NONE
            },
            capabilities: families::hosted,
            ..Vendor::CHAT
        }),
    },
    #[cfg(feature = "http")]
    Provider {
        name: "perplexity",
        how: How::Http(Vendor {
            base: "https://api.perplexity.ai",
            base_variables: &["PERPLEXITY_API_BASE"],
            key_variables: &["PERPLEXITYAI_API_KEY", "PERPLEXITY_API_KEY"],
            quirks: Quirks {
                stream_usage: false,
                done_marker: false,
                refuses: |_| {
                    &[
                        Ask::Seed,
                        Ask::Stop,
                        Ask::Logprobs,
                        Ask::ServiceTier,
                        Ask::Tools,
                        Ask::ToolChoice,
                        Ask::ParallelToolCalls,
                        Ask::JsonObject,
                        Ask::Audio,
                    ]
                },
                thinking: families::perplexity_thinks,
                ..Quirks::NONE
            },
            capabilities: families::perplexity_can,
            ..Vendor::CHAT
        }),
    },
    #[cfg(feature = "http")]
    Provider {
        name: "hosted_vllm",
        how: How::Http(Vendor {
            base: "http://localhost:8000/v1",
            base_variables: &["HOSTED_VLLM_API_BASE"],
            key_variables: &["HOSTED_VLLM_API_KEY"],
            quirks: Quirks {
                refuses: |_| &[Ask::ServiceTier],
                thinking: |_| Thinking::Template,
                thoughts: Thoughts::ReasoningContent,
                ..Quirks::NONE
            },
            ..Vendor::SERVER
        }),
    },
    #[cfg(feature = "http")]
    Provider {
        name: "sglang",
        how: How::Http(Vendor {
            base: "http://localhost:30000/v1",
            base_variables: &["SGLANG_API_BASE"],
            key_variables: &["SGLANG_API_KEY"],
            quirks: Quirks {
                refuses: |_| &[Ask::ServiceTier],
                thinking: |_| Thinking::Template,
                thoughts: Thoughts::ReasoningContent,
                ..Quirks::NONE
            },
            ..Vendor::SERVER
        }),
    },
    #[cfg(feature = "http")]
    Provider {
        name: "llamacpp",
        how: How::Http(Vendor {
            base: "http://localhost:8080/v1",
            base_variables: &["LLAMACPP_API_BASE"],
            key_variables: &["LLAMACPP_API_KEY"],
            embeds: Some(Embeds { dimensions: |_| None, ..Embeds::SERVER }),
            quirks: Quirks {
                refuses: |_| &[Ask::ServiceTier],
                thinking: |_| Thinking::TemplateAlone,
                thoughts: Thoughts::ReasoningContent,
                tool_images: true,
                ..Quirks::NONE
            },
            capabilities: |model| {
                open_model(model, &[Can::Tools, Can::JsonSchema, Can::JsonObject, Can::Images, Can::Logprobs])
            },
            ..Vendor::SERVER
        }),
    },
    #[cfg(feature = "http")]
    Provider {
        name: "lm_studio",
        how: How::Http(Vendor {
            base: "http://localhost:1234/v1",
            base_variables: &["LM_STUDIO_API_BASE"],
            key_variables: &["LM_STUDIO_API_KEY"],
            embeds: Some(Embeds { dimensions: |_| None, ..Embeds::SERVER }),
            quirks: Quirks {
                refuses: |_| {
                    &[
                        Ask::ServiceTier,
                        Ask::ParallelToolCalls,
                        Ask::Logprobs,
                        Ask::JsonObject,
                        Ask::Audio,
                        Ask::Files,
                    ]
                },
                ..Quirks::NONE
            },
            capabilities: |model| open_model(model, &[Can::Tools, Can::JsonSchema, Can::Images]),
            ..Vendor::SERVER
        }),
    },
    #[cfg(feature = "http")]
    Provider {
        name: "mistralrs",
        how: How::Http(Vendor {
            base: "http://localhost:1234/v1",
            base_variables: &["MISTRALRS_API_BASE"],
            key_variables: &["MISTRALRS_API_KEY"],
            embeds: Some(Embeds { dimensions: |_| None, ..Embeds::SERVER }),
            quirks: Quirks {
                refuses: |_| &[Ask::ServiceTier, Ask::Files],
                thinking: |_| Thinking::Flag,
                ..Quirks::NONE
            },
            ..Vendor::SERVER
        }),
    },
    #[cfg(feature = "http")]
    Provider {
        name: "ollama",
        how: How::Http(Vendor {
            base: "http://localhost:11434/v1",
            base_variables: &["OLLAMA_API_BASE"],
            key_variables: &["OLLAMA_API_KEY"],
            quirks: Quirks {
                refuses: |_| {
                    &[
                        Ask::TopK,
                        Ask::Logprobs,
                        Ask::ServiceTier,
                        Ask::ToolChoice,
                        Ask::ParallelToolCalls,
                        Ask::Audio,
                        Ask::Files,
                    ]
                },
                ..Quirks::NONE
            },
            capabilities: |model| {
                open_model(model, &[Can::Tools, Can::JsonSchema, Can::JsonObject, Can::Images])
            },
            ..Vendor::SERVER
        }),
    },
    #[cfg(feature = "http")]
    Provider {
        name: "ollama_chat",
        how: How::Http(Vendor {
            base: "http://localhost:11434",
            base_path: "",
            base_variables: &["OLLAMA_API_BASE"],
            key_variables: &["OLLAMA_API_KEY"],
            wire: &Ollama,
            capabilities: |model| {
                open_model(model, &[Can::Tools, Can::JsonSchema, Can::JsonObject, Can::Images, Can::Logprobs])
            },
            embeds: Some(Embeds { form: EmbeddingForm::Ollama, ..Embeds::SERVER }),
            ..Vendor::SERVER
        }),
    },
    #[cfg(feature = "http")]
    Provider { name: "gemini", how: How::Http(GOOGLE) },
    #[cfg(feature = "http")]
    Provider {
        name: "vertex_ai",
        how: How::Http(Vendor {
            base: "https://{VERTEXAI_LOCATION:us-central1}-aiplatform.googleapis.com/v1/projects/{VERTEXAI_PROJECT}/locations/{VERTEXAI_LOCATION:us-central1}/publishers/google",
            base_path: "",
            base_variables: &["VERTEXAI_API_BASE"],
            key_variables: &["VERTEXAI_ACCESS_TOKEN"],
            auth: Some(Auth::Bearer),
            // It makes them by predictions of instances, which nothing here writes.
            embeds: None,
            ..GOOGLE
        }),
    },
    #[cfg(feature = "http")]
    Provider { name: "cohere", how: How::Http(COHERE) },
    #[cfg(feature = "http")]
    Provider { name: "cohere_chat", how: How::Http(COHERE) },
];

/// Google's API for developers; Vertex speaks the same at another place.
#[cfg(feature = "http")]
const GOOGLE: Vendor = Vendor {
    base: "https://generativelanguage.googleapis.com/v1beta",
    base_path: "/v1beta",
    base_variables: &["GEMINI_API_BASE", "GOOGLE_GEMINI_BASE_URL"],
    key_variables: &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
    wire: &Gemini,
    embeds: Some(Embeds {
        form: EmbeddingForm::Gemini,
        most: 100,
        dimensions: |_| Some("outputDimensionality"),
        inputs: embeds::gemini_inputs,
        ..Embeds::OPENAI
    }),
    capabilities: families::gemini_can,
    dialect: GEMINI,
    ..Vendor::CHAT
};

/// Cohere, which has two names.
#[cfg(feature = "http")]
const COHERE: Vendor = Vendor {
    base: "https://api.cohere.com/v2",
    base_path: "/v2",
    base_variables: &["COHERE_API_BASE", "CO_API_URL"],
    key_variables: &["COHERE_API_KEY", "CO_API_KEY"],
    wire: &Cohere,
    embeds: Some(Embeds {
        form: EmbeddingForm::Cohere,
        most: 96,
        dimensions: embeds::cohere_dimensions,
        inputs: |_| Some(embeds::MUST_BE_TOLD),
        ..Embeds::OPENAI
    }),
    capabilities: families::cohere_can,
    ..Vendor::CHAT
};
