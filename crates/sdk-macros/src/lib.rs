//! The attribute `#[fluoro_sdk::trace]`: a function as a subsegment.

use proc_macro::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned as _;
use syn::{Expr, ItemFn, LitStr, ReturnType, Token, Type, parenthesized, parse_macro_input};

/// `name = "…"`, `remote`, `annotations(key = expression, ..)`.
#[derive(Default)]
struct Arguments {
    name: Option<LitStr>,
    is_remote: bool,
    annotations: Vec<(syn::Ident, Expr)>,
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut arguments = Self::default();
        while !input.is_empty() {
            let key: syn::Ident = input.parse()?;
            match key.to_string().as_str() {
                "name" => {
                    input.parse::<Token![=]>()?;
                    arguments.name = Some(input.parse()?);
                }
                "remote" => arguments.is_remote = true,
                "annotations" => {
                    let inner;
                    parenthesized!(inner in input);
                    while !inner.is_empty() {
                        let key = inner.parse()?;
                        inner.parse::<Token![=]>()?;
                        arguments.annotations.push((key, inner.parse()?));
                        if !inner.is_empty() {
                            inner.parse::<Token![,]>()?;
                        }
                    }
                }
                _ => {
                    let expected = "expected `name = \"…\"`, `remote` or `annotations(key = value, ..)`";
                    return Err(syn::Error::new(key.span(), expected));
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(arguments)
    }
}

/// Makes a subsegment of each call of the function, async or not. Its name is the function's, unless given. The `Err` of a
/// `Result` is recorded as the cause of a fault; its type must be an error, or `Box<dyn Error>`.
///
/// Values of annotations are evaluated at the beginning, and only if the call is recorded.
#[proc_macro_attribute]
pub fn trace(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let arguments = parse_macro_input!(arguments as Arguments);
    let function = parse_macro_input!(item as ItemFn);
    expand(&arguments, function).unwrap_or_else(syn::Error::into_compile_error).into()
}

fn expand(arguments: &Arguments, function: ItemFn) -> syn::Result<proc_macro2::TokenStream> {
    let ItemFn { attrs, vis, sig, block } = function;
    if let Some(constness) = &sig.constness {
        return Err(syn::Error::new(constness.span(), "a const function cannot be traced"));
    }
    let name = arguments.name.as_ref().map_or_else(|| sig.ident.to_string(), LitStr::value);
    let remote = arguments.is_remote.then(|| quote!(.namespace(::fluoro_sdk::Namespace::Remote)));
    let annotations = arguments.annotations.iter().map(|(key, value)| {
        let key = key.to_string();
        quote!(__entity.annotate(#key, #value);)
    });
    let begin = quote! {
        let __open = ::fluoro_sdk::subsegment(#name)#remote.begin();
        let __entity = __open.entity();
        if __entity.is_sampled() {
            #(#annotations)*
        }
    };
    let output = match &sig.output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, output) => quote!(#output),
    };
    // Its type is said where it can be: that of `impl Trait` cannot.
    let is_opaque =
        matches!(&sig.output, ReturnType::Type(_, output) if matches!(**output, Type::ImplTrait(_)));
    let annotated = if is_opaque { quote!() } else { quote!(: #output) };
    let record = is_result(&sig.output).then(|| {
        quote! {
            if let ::core::result::Result::Err(__error) = &__result {
                ::fluoro_sdk::__private::Recorded(__error).record(&__entity);
            }
        }
    });
    let import = record.as_ref().map(|_| {
        quote!(
            use ::fluoro_sdk::__private::{RecordBoxed as _, RecordError as _};
        )
    });
    let body = if sig.asyncness.is_some() {
        quote! {
            #begin
            __open.scope(async move {
                #import
                let __result #annotated = async move #block.await;
                #record
                __result
            }).await
        }
    } else {
        quote! {
            #begin
            __open.run(move || {
                #import
                let __call = move || #block;
                let __result #annotated = __call();
                #record
                __result
            })
        }
    };
    Ok(quote!(#(#attrs)* #vis #sig { #body }))
}

fn is_result(output: &ReturnType) -> bool {
    let ReturnType::Type(_, output) = output else { return false };
    let Type::Path(path) = &**output else { return false };
    path.path.segments.last().is_some_and(|last| last.ident == "Result")
}
