//! Writes the code for a struct with errors: what other code may name is there, so that the compiler says nothing
//! beyond the errors. None of it ever runs.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Lifetime, Type};

use super::ast::{Direction, Item};
use super::{expand, generated, types};

/// The code of the derive.
pub(super) fn expand(item: &Item<'_>, private: &TokenStream) -> TokenStream {
    if !item.is_plain {
        return without_structs(item, private);
    }
    let definitions = [Direction::Input, Direction::Output].map(|d| generated::definition(item, d, possible));
    let impls = [Direction::Input, Direction::Output].map(|d| impls(item, d));
    // Types that the compiler would refuse are reported now, too.
    let tokens = item
        .fields
        .iter()
        .enumerate()
        .filter(|(_, field)| types::unsupported(field.ty).is_empty())
        .map(|(i, field)| expand::field_token(i, field));
    let name = item.ident;
    let [input, output] = [Direction::Input, Direction::Output].map(|d| item.half(d));
    let can_be_signature = item.fields.iter().all(|field| is_ordinary(field.ty));
    let signature =
        can_be_signature.then(|| signature(item, &quote!(#name), &quote!(#input), &quote!(#output)));
    quote! {
        #(#definitions)*
        const _: () = {
            use #private as __dspex;
            #(#tokens)*
            #(#impls)*
            #signature
        };
    }
}

/// For what has no named fields, or has generics.
fn without_structs(item: &Item<'_>, private: &TokenStream) -> TokenStream {
    let name = item.ident;
    let (_, arguments, _) = item.generics.split_for_impl();
    let record = quote!(__dspex::Record);
    let signature = signature(item, &quote!(#name #arguments), &record, &record);
    quote! {
        const _: () = {
            use #private as __dspex;
            #signature
        };
    }
}

fn signature(item: &Item<'_>, name: &TokenStream, input: &TokenStream, output: &TokenStream) -> TokenStream {
    let (parameters, _, bounds) = item.generics.split_for_impl();
    let predicates = bounds.map(|bounds| &bounds.predicates);
    // With generics the struct may be less than the trait demands of it.
    let also = (!item.generics.params.is_empty())
        .then(|| quote!(Self: ::core::marker::Send + ::core::marker::Sync + 'static,));
    let predicates = predicates.map(|p| {
        let comma = (!p.is_empty() && !p.trailing_punct()).then(|| quote!(,));
        quote!(#p #comma)
    });
    quote! {
        #[automatically_derived]
        impl #parameters __dspex::TypedSignature for #name where #predicates #also {
            type Input = #input;
            type Output = #output;
            const FIELDS: &'static [&'static ::core::primitive::str] = &[];
            fn signature() -> __dspex::Signature { ::core::unreachable!() }
            fn input(&self) -> #input { ::core::unreachable!() }
            fn output(&self) -> #output { ::core::unreachable!() }
            fn split(self) -> (#input, #output) { ::core::unreachable!() }
            fn join(_: #input, _: #output) -> Self { ::core::unreachable!() }
        }
    }
}

fn impls(item: &Item<'_>, direction: Direction) -> TokenStream {
    let name = item.half(direction);
    quote! {
        #[automatically_derived]
        impl ::core::clone::Clone for #name {
            fn clone(&self) -> Self { ::core::unreachable!() }
        }
        #[automatically_derived]
        impl ::core::fmt::Debug for #name {
            fn fmt(&self, _: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result { ::core::unreachable!() }
        }
        #[automatically_derived]
        impl __dspex::serde::Serialize for #name {
            fn serialize<__S: __dspex::serde::Serializer>(
                &self,
                _: __S,
            ) -> ::core::result::Result<__S::Ok, __S::Error> {
                ::core::unreachable!()
            }
        }
        #[automatically_derived]
        impl<'__de> __dspex::serde::Deserialize<'__de> for #name {
            fn deserialize<__D: __dspex::serde::Deserializer<'__de>>(
                _: __D,
            ) -> ::core::result::Result<Self, __D::Error> {
                ::core::unreachable!()
            }
        }
    }
}

/// The type itself, or one in its place that a field of a struct can have.
fn possible(ty: &Type) -> TokenStream {
    if types::unsupported(ty).is_empty() {
        return ty.to_token_stream();
    }
    match ty {
        Type::Reference(reference)
            if types::unsupported(&reference.elem).is_empty() || is_str(&reference.elem) =>
        {
            let mut reference = reference.clone();
            reference.lifetime = Some(Lifetime::new("'static", reference.and_token.span));
            reference.into_token_stream()
        }
        _ => quote!(()),
    }
}

fn is_str(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.is_ident("str"))
}

/// Whether a struct with a field of this type is surely of a known size and can move between threads, as far as the
/// kinds of types go that are refused here.
fn is_ordinary(ty: &Type) -> bool {
    types::unsupported(ty).is_empty() || matches!(ty, Type::Reference(_) | Type::FnPtr(_))
}
