//! Writes the walk over the fields of a struct.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{GenericParam, Generics, Type};

use super::ast::{Field, Item};

/// The impl.
pub(super) fn expand(item: &Item<'_>, private: &TokenStream) -> TokenStream {
    let Item { ident, generics, fields, .. } = item;
    let (parameters, arguments, _) = generics.split_for_impl();
    let mut tokens = Vec::new();
    let mut predicates: Vec<TokenStream> =
        generics.where_clause.iter().flat_map(|w| &w.predicates).map(ToTokens::to_token_stream).collect();
    let mut steps = Vec::new();
    let mut steps_mut = Vec::new();
    for (i, field) in fields.iter().enumerate() {
        let Field { member, name, ty } = field;
        let (visit, visit_mut);
        if is_generic(ty, generics) {
            // Whether it holds parameters is known where the struct is used. A type that contains the struct itself
            // does if the rest does; to demand it here would be to ask in a circle.
            if !mentions(ty.to_token_stream(), &|token| *token == **ident) {
                predicates.push(quote_spanned!(ty.span()=> #ty: __dspex::Parameters));
            }
            visit = quote_spanned!(ty.span()=> __dspex::Parameters::visit);
            visit_mut = quote_spanned!(ty.span()=> __dspex::Parameters::visit_mut);
        } else {
            let token = format_ident!("__Field{i}");
            tokens.push(quote_spanned! {ty.span()=>
                struct #token;
                impl __dspex::HolderOf for #token {
                    type Type = #ty;
                }
            });
            visit = quote!(__dspex::visit::<#token>);
            visit_mut = quote!(__dspex::visit_mut::<#token>);
        }
        steps.push(quote!(__walk.field(#name, |__walk| #visit(&self.#member, __walk));));
        steps_mut.push(quote!(__walk.field(#name, |__walk| #visit_mut(&mut self.#member, __walk));));
    }
    quote! {
        const _: () = {
            use #private as __dspex;
            #(#tokens)*

            #[automatically_derived]
            impl #parameters __dspex::Parameters for #ident #arguments where #(#predicates,)* {
                #[allow(unused_variables)]
                fn visit(&self, __walk: &mut __dspex::Walk<'_>) {
                    #(#steps)*
                }

                #[allow(unused_variables)]
                fn visit_mut(&mut self, __walk: &mut __dspex::WalkMut<'_>) {
                    #(#steps_mut)*
                }
            }
        };
    }
}

/// Whether a type names one of the parameters of the struct.
fn is_generic(ty: &Type, generics: &Generics) -> bool {
    mentions(ty.to_token_stream(), &|token| {
        generics.params.iter().any(|param| match param {
            GenericParam::Lifetime(param) => param.lifetime.ident == *token,
            GenericParam::Type(param) => param.ident == *token,
            GenericParam::Const(param) => param.ident == *token,
        })
    })
}

fn mentions(tokens: TokenStream, is_it: &dyn Fn(&Ident) -> bool) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => is_it(&ident),
        TokenTree::Group(group) => mentions(group.stream(), is_it),
        _ => false,
    })
}
