//! `POST /api/filter/parse`: whether a text is a filter expression, so that the grammar is written once.

use axum::Json;
use axum::extract::State;
use query::Filter;
use query::filter::FilterError;
use serde::Deserialize;

use super::params::JsonBody;
use super::shape::{FilterParse, FilterProblem};
use crate::app::Shared;
use crate::filter::{self, BadFilter};

#[derive(Debug, Deserialize)]
pub(crate) struct Parse {
    expression: String,
}

/// The canonical text names groups as the given one does.
pub(crate) async fn parse(State(app): State<Shared>, JsonBody(input): JsonBody<Parse>) -> Json<FilterParse> {
    Json(match filter::parse(&input.expression, &app.groups()) {
        Ok(_) => FilterParse {
            canonical: input.expression.parse().ok().map(|filter: Filter| filter.to_string()),
            error: None,
        },
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
