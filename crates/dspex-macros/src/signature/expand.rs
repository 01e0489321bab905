//! Writes the code for a struct that was found right.
//!
//! Everything but the two structs stands in a `const _` block. Names in it start with two underscores, so that the
//! user's types and expressions, which stand there too, mean what they mean outside; fields are only ever written
//! behind a dot or in a struct literal, so that no name of a field can meet another name.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;

use super::ast::{Bound, Constraint, Direction, Field, Item, Literal, Number, Rule};
use super::{generated, types};
use crate::keys::string;

/// The code of the derive.
pub(super) fn expand(item: &Item<'_>, private: &TokenStream) -> TokenStream {
    let own_type = |ty: &syn::Type| ty.to_token_stream();
    let input = generated::definition(item, Direction::Input, own_type);
    let output = generated::definition(item, Direction::Output, own_type);
    let fields = item.fields.iter().enumerate().map(|(i, field)| field_token(i, field));
    let impls = [Direction::Input, Direction::Output].map(|direction| impls(item, direction));
    let signature = signature(item);
    let use_all = use_all(item);
    quote! {
        #input
        #output
        const _: () = {
            use #private as __dspex;
            #(#fields)*
            #(#impls)*
            #signature
            #use_all
        };
    }
}

/// What stands for the field in calls of dspex-core's helpers.
pub(super) fn token(index: usize) -> Ident {
    format_ident!("__Field{index}")
}

/// The type that stands for a field, where a type that does not fit is reported, and the field's default.
pub(super) fn field_token(index: usize, field: &Field<'_>) -> TokenStream {
    let token = token(index);
    let ty = field.ty;
    let default = field.options.default.as_ref().map(|default| {
        let name = default_fn(index);
        let value = match &default.value {
            Some(text) if string(text).is_some() && types::is_string(ty) => {
                quote!(::std::string::String::from(#text))
            }
            Some(value) => value.to_token_stream(),
            None => quote_spanned!(default.key.span()=> ::core::default::Default::default()),
        };
        quote!(fn #name() -> #ty { #value })
    });
    quote_spanned! {ty.span()=>
        struct #token;
        impl __dspex::FieldOf for #token {
            type Type = #ty;
        }
        #default
    }
}

fn default_fn(index: usize) -> Ident {
    format_ident!("__default{index}")
}

/// What one of the two structs implements.
fn impls(item: &Item<'_>, direction: Direction) -> TokenStream {
    let name = item.half(direction);
    let text = name.to_string();
    let slots = match direction {
        Direction::Input => quote!(__InputSlots),
        Direction::Output => quote!(__OutputSlots),
    };
    let fields: Vec<_> = item.fields_of(direction).collect();
    let count = fields.len();
    let tokens: Vec<_> = fields.iter().map(|(i, _)| token(*i)).collect();
    let idents: Vec<_> = fields.iter().map(|(_, field)| field.ident).collect();
    let types: Vec<_> = fields.iter().map(|(_, field)| field.ty).collect();
    let names: Vec<_> = fields.iter().map(|(_, field)| field.name()).collect();
    let places = 0..count;
    let values = fields.iter().map(|(i, field)| {
        let (token, ident, name) = (token(*i), field.ident, field.name());
        if field.options.default.is_some() {
            let default = default_fn(*i);
            quote!(::core::option::Option::unwrap_or_else(__slots.#ident, #default))
        } else {
            quote!(__dspex::take::<#token, __E>(__slots.#ident, #name)?)
        }
    });
    quote! {
        #[automatically_derived]
        impl ::core::clone::Clone for #name {
            fn clone(&self) -> Self {
                Self { #(#idents: __dspex::clone::<#tokens>(&self.#idents),)* }
            }
        }

        #[automatically_derived]
        impl ::core::fmt::Debug for #name {
            fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Formatter::debug_struct(__f, #text)
                    #(.field(#names, __dspex::debug::<#tokens>(&self.#idents)))*
                    .finish()
            }
        }

        #[automatically_derived]
        impl __dspex::serde::Serialize for #name {
            fn serialize<__S: __dspex::serde::Serializer>(
                &self,
                __serializer: __S,
            ) -> ::core::result::Result<__S::Ok, __S::Error> {
                #[allow(unused_mut)]
                let mut __fields = __dspex::serde::Serializer::serialize_struct(__serializer, #text, #count)?;
                #(__dspex::serde::ser::SerializeStruct::serialize_field(
                    &mut __fields,
                    #names,
                    &__dspex::Lent::<#tokens>(&self.#idents),
                )?;)*
                __dspex::serde::ser::SerializeStruct::end(__fields)
            }
        }

        // Public, because a public struct names it; out of reach all the same.
        #[derive(::core::default::Default)]
        pub struct #slots { #(#idents: ::core::option::Option<#types>,)* }

        #[automatically_derived]
        impl __dspex::Fields for #name {
            const NAME: &'static ::core::primitive::str = #text;
            const FIELDS: &'static [&'static ::core::primitive::str] = &[#(#names),*];
            type Slots = #slots;

            #[allow(unused_variables)]
            fn read<'__de, __S: __dspex::Source<'__de>>(
                __slots: &mut Self::Slots,
                __index: ::core::primitive::usize,
                __source: &mut __S,
            ) -> ::core::result::Result<::core::primitive::bool, __S::Error> {
                match __index {
                    #(#places => __dspex::read::<#tokens, __S>(&mut __slots.#idents, #names, __source),)*
                    _ => ::core::result::Result::Ok(false),
                }
            }

            #[allow(unused_variables)]
            fn finish<__E: __dspex::serde::de::Error>(
                __slots: Self::Slots,
            ) -> ::core::result::Result<Self, __E> {
                ::core::result::Result::Ok(Self { #(#idents: #values,)* })
            }
        }

        #[automatically_derived]
        impl<'__de> __dspex::serde::Deserialize<'__de> for #name {
            fn deserialize<__D: __dspex::serde::Deserializer<'__de>>(
                __deserializer: __D,
            ) -> ::core::result::Result<Self, __D::Error> {
                __dspex::deserialize(__deserializer)
            }
        }
    }
}

/// The impl of `TypedSignature`.
fn signature(item: &Item<'_>) -> TokenStream {
    let name = item.ident;
    let text = item.name();
    let [input, output] = [Direction::Input, Direction::Output].map(|d| item.half(d));
    let instructions = match (&item.options.instructions, &item.doc) {
        (Some(given), _) => given.to_token_stream(),
        (None, Some(doc)) => doc.expr(),
        (None, None) => quote!(""),
    };
    let fields = item.fields.iter().enumerate().map(|(i, field)| field_data(i, field));
    let rules = rules(item, &output);
    let of = |direction: Direction| -> (Vec<_>, Vec<_>) {
        item.fields_of(direction).map(|(i, field)| (token(i), field.ident)).unzip()
    };
    let (input_tokens, inputs) = of(Direction::Input);
    let (output_tokens, outputs) = of(Direction::Output);
    let names = [Direction::Input, Direction::Output]
        .into_iter()
        .flat_map(|direction| item.fields_of(direction).map(|(_, field)| field.name()));
    quote! {
        #[automatically_derived]
        impl __dspex::TypedSignature for #name {
            type Input = #input;
            type Output = #output;

            const FIELDS: &'static [&'static ::core::primitive::str] = &[#(#names),*];

            fn signature() -> __dspex::Signature {
                static __SIGNATURE: ::std::sync::LazyLock<__dspex::Signature> = ::std::sync::LazyLock::new(|| {
                    __dspex::signature(#text, &__dspex::clean_doc(#instructions), [#(#fields),*])#rules
                });
                ::core::clone::Clone::clone(&*__SIGNATURE)
            }

            fn input(&self) -> #input {
                #input { #(#inputs: __dspex::clone::<#input_tokens>(&self.#inputs),)* }
            }

            fn output(&self) -> #output {
                #output { #(#outputs: __dspex::clone::<#output_tokens>(&self.#outputs),)* }
            }

            fn split(self) -> (#input, #output) {
                (#input { #(#inputs: self.#inputs,)* }, #output { #(#outputs: self.#outputs,)* })
            }

            #[allow(unused_variables)]
            fn join(__input: #input, __output: #output) -> Self {
                Self { #(#inputs: __input.#inputs,)* #(#outputs: __output.#outputs,)* }
            }
        }
    }
}

/// What adds the rules beyond types and constraints; nothing where there are none.
fn rules(item: &Item<'_>, output: &Ident) -> TokenStream {
    let fields = item.fields.iter().enumerate().filter_map(|(i, field)| {
        let (rule, token, name) = (field.options.validate.as_ref()?, token(i), field.name());
        Some(quote_spanned!(rule.span()=> .field(#name, __dspex::field_rule::<#token, _>(#rule))))
    });
    let across = item.options.validate.iter().map(
        |rule| quote_spanned!(rule.span()=> .across("validate", __dspex::record_rule::<#output, _>(#rule))),
    );
    let all: Vec<_> = fields.chain(across).collect();
    if all.is_empty() {
        return TokenStream::new();
    }
    quote!(.with_validation(__dspex::Validation::new()#(#all)*).expect("rules of fields that are there"))
}

/// An expression for the field as data.
fn field_data(index: usize, field: &Field<'_>) -> TokenStream {
    let token = token(index);
    let name = field.name();
    let new = match field.direction {
        Direction::Input => quote!(input),
        Direction::Output => quote!(output),
    };
    let options = &field.options;
    let description = match (&options.desc, &field.doc) {
        (Some(desc), _) => Some(quote!(.with_description(#desc))),
        (None, Some(doc)) => {
            let doc = doc.expr();
            Some(quote!(.with_description(__dspex::clean_doc(#doc))))
        }
        (None, None) => None,
    };
    let prefix = options.prefix.as_ref().map(|prefix| quote!(.with_prefix(#prefix)));
    let constraints = options.constraints.iter().map(constraint_data);
    let default = options.default.as_ref().map(|_| {
        let default = default_fn(index);
        quote!(.with_default(__dspex::default_value::<#token>(#name, &#default())))
    });
    quote! {
        __dspex::Field::#new(#name, __dspex::field_type::<#token>())
            #description
            #prefix
            #(.with_constraint(#constraints))*
            #default
    }
}

fn constraint_data(constraint: &Constraint) -> TokenStream {
    match &constraint.rule {
        Rule::Bound(bound, n) => {
            let variant = match bound {
                Bound::Gt => quote!(Gt),
                Bound::Ge => quote!(Ge),
                Bound::Lt => quote!(Lt),
                Bound::Le => quote!(Le),
            };
            let n = number(n);
            quote!(__dspex::Constraint::#variant(__dspex::Value::from(#n)))
        }
        Rule::MultipleOf(n) => {
            let n = number(n);
            quote!(__dspex::Constraint::MultipleOf(__dspex::Value::from(#n)))
        }
        Rule::MinLength(n) => {
            let n = &n.written;
            quote!(__dspex::Constraint::MinLength(#n))
        }
        Rule::MaxLength(n) => {
            let n = &n.written;
            quote!(__dspex::Constraint::MaxLength(#n))
        }
        Rule::Pattern(pattern) => quote!(__dspex::pattern(#pattern)),
        Rule::AllowInfNan(allow) => quote!(__dspex::Constraint::AllowInfNan(#allow)),
    }
}

/// A number as an expression of one type: a bare literal would be an `i32`, whatever its size.
fn number(number: &Number) -> TokenStream {
    let span = number.written.span();
    match number.literal {
        Some(Literal::Int(n)) => match (i64::try_from(n), u64::try_from(n)) {
            (Ok(n), _) => quote_spanned!(span=> #n),
            (_, Ok(n)) => quote_spanned!(span=> #n),
            _ => number.written.to_token_stream(), // refused in `validate`
        },
        Some(Literal::Float(n)) => quote_spanned!(span=> #n),
        None => number.written.to_token_stream(),
    }
}

/// A function that makes and reads the struct. It is never called: a struct that only names a signature is not
/// unused, and without this the compiler would say so.
fn use_all(item: &Item<'_>) -> TokenStream {
    let name = Ident::new("__use_all", Span::call_site());
    let ident = item.ident;
    let fields: Vec<_> = item.fields.iter().map(|field| field.ident).collect();
    quote! {
        #[allow(dead_code)]
        fn #name(__signature: #ident) -> #ident {
            #ident { #(#fields: __signature.#fields,)* }
        }
    }
}
