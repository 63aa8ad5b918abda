//! `POST /api/filter/parse`: whether a text is a filter expression, so that the grammar is written once.

use axum::Json;
use query::filter::FilterError;
use serde::Deserialize;

use super::params::JsonBody;
use super::shape::{FilterParse, FilterProblem};
use crate::filter::{self, BadFilter};

#[derive(Debug, Deserialize)]
pub(crate) struct Parse {
    expression: String,
}

pub(crate) async fn parse(JsonBody(input): JsonBody<Parse>) -> Json<FilterParse> {
    Json(match filter::parse(&input.expression) {
        Ok(filter) => FilterParse { canonical: Some(filter.to_string()), error: None },
        Err(error) => FilterParse { canonical: None, error: Some(FilterProblem::from(&error)) },
    })
}

impl From<&BadFilter> for FilterProblem {
    fn from(error: &BadFilter) -> Self {
        match error {
            BadFilter::Syntax(FilterError { line, position, message }) => {
                Self { line: *line, position: *position, message: message.clone() }
            }
            BadFilter::Group(error) => Self { line: 1, position: 0, message: error.to_string() },
        }
    }
}
