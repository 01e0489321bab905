//! The structs `<Name>Input` and `<Name>Output` themselves; what they implement is in `expand` and `fallback`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Expr, LitStr, Type, Visibility};

use super::ast::{Direction, Field, Item};

/// The definition of the struct for one direction, in which each field has the type that `ty` gives it.
pub(super) fn definition(
    item: &Item<'_>,
    direction: Direction,
    ty: impl Fn(&Type) -> TokenStream,
) -> TokenStream {
    let Item { vis, options, .. } = item;
    let name = item.half(direction);
    let what = match direction {
        Direction::Input => "inputs",
        Direction::Output => "outputs",
    };
    let doc = format!("The {what} of [`{}`].", item.ident);
    let derives = (!options.derives.is_empty()).then(|| {
        let derives = &options.derives;
        quote!(#[derive(#(#derives),*)])
    });
    // The one further derive that cares by which name a field is known.
    let has_schema =
        options.derives.iter().any(|d| d.segments.last().is_some_and(|last| last.ident == "JsonSchema"));
    let fields = item.fields_of(direction).map(|(_, field)| {
        let doc = field_doc(field);
        let rename = field.options.rename.as_ref().filter(|_| has_schema);
        let rename = rename.map(|rename| quote!(#[schemars(rename = #rename)]));
        let vis = wider(field.vis, vis);
        let ident = field.ident;
        let ty = ty(field.ty);
        quote!(#doc #rename #vis #ident: #ty)
    });
    quote! {
        #[doc = #doc]
        #derives
        #[allow(dead_code)]
        #vis struct #name { #(#fields,)* }
    }
}

fn field_doc(field: &Field<'_>) -> TokenStream {
    let name = field.name();
    let doc = match (&field.options.desc, &field.doc) {
        // Attributes take literals and macros only.
        (Some(desc @ (Expr::Lit(_) | Expr::Macro(_))), _) => desc.to_token_stream(),
        (None, Some(doc)) => doc.expr(),
        _ => LitStr::new(&format!("The field `{name}`."), field.ident.span()).into_token_stream(),
    };
    quote!(#[doc = #doc])
}

/// The wider of two visibilities; where neither contains the other by its spelling, that of the struct.
fn wider<'a>(field: &'a Visibility, of_struct: &'a Visibility) -> &'a Visibility {
    if reach(field) > reach(of_struct) { field } else { of_struct }
}

fn reach(vis: &Visibility) -> u8 {
    match vis {
        Visibility::Inherited => 0,
        Visibility::Restricted(restricted) if restricted.path.is_ident("self") => 0,
        Visibility::Restricted(restricted) if restricted.path.is_ident("crate") => 2,
        Visibility::Restricted(_) => 1,
        Visibility::Public(_) => 3,
    }
}
