//! `POST /api/filter/...`: what a text means as a filter expression, and how it could go on, so that the grammar is
//! written once.

use axum::Json;
use axum::extract::State;
use query::Filter;
use query::filter::tree::{Condition, ConditionKind, Literal, Part, Tree};
use serde::Deserialize;

use crate::app::Shared;
use crate::error::Problem;
use crate::filter;
use crate::params::JsonBody;
use crate::shape::{
    CompleteQuestion, Completion, Completions, FilterCondition, FilterConditionKind, FilterNode, FilterOp,
    FilterParse, FilterProblem, FilterTree, FilterValue, RangeParams,
};

#[derive(Debug, Deserialize)]
pub(crate) struct Parse {
    expression: String,
}

/// The canonical text names groups as the given one does.
pub(crate) async fn parse(State(app): State<Shared>, JsonBody(input): JsonBody<Parse>) -> Json<FilterParse> {
    Json(match filter::parse(&input.expression, &app.groups()) {
        Ok(_) => {
            let written: Option<Filter> = input.expression.parse().ok();
            let tree = written.as_ref().and_then(Filter::tree).map(FilterTree::from);
            FilterParse { canonical: written.map(|filter| filter.to_string()), tree, error: None }
        }
        Err(error) => FilterParse { canonical: None, tree: None, error: Some(FilterProblem::from(&error)) },
    })
}

pub(crate) async fn complete(
    State(app): State<Shared>,
    JsonBody(question): JsonBody<CompleteQuestion>,
) -> Result<Json<Completions>, Problem> {
    let range = RangeParams { from: question.from, to: question.to }.range()?;
    let known = app.known.of(range, &*app.deps.store, &app.deps.settings, &app.scans).await?;
    let before = question.before;
    let completions = query::filter::complete(&before, before.len(), &known).into_iter();
    let completion = |found: query::filter::Completion| Completion {
        replaces: before[found.replaces].encode_utf16().count(),
        text: found.text,
    };
    Ok(Json(Completions { completions: completions.map(completion).collect() }))
}

impl From<Tree> for FilterTree {
    fn from(tree: Tree) -> Self {
        let all = |members: Vec<Tree>| members.into_iter().map(Self::from).collect();
        let (op, of, condition) = match tree.part {
            Part::And(members) => (FilterOp::And, all(members), None),
            Part::Or(members) => (FilterOp::Or, all(members), None),
            Part::Not(operand) => (FilterOp::Not, all(vec![*operand]), None),
            Part::Condition(condition) => {
                (FilterOp::Condition, Vec::new(), Some(FilterCondition::from(condition)))
            }
        };
        Self { op, text: tree.text, of, condition }
    }
}

impl From<Condition> for FilterCondition {
    fn from(condition: Condition) -> Self {
        let nodes = condition.nodes.into_iter();
        Self {
            kind: match condition.kind {
                ConditionKind::Flag => FilterConditionKind::Flag,
                ConditionKind::Number => FilterConditionKind::Number,
                ConditionKind::Text => FilterConditionKind::Text,
                ConditionKind::Annotation => FilterConditionKind::Annotation,
                ConditionKind::Service => FilterConditionKind::Service,
                ConditionKind::Edge => FilterConditionKind::Edge,
                ConditionKind::Group => FilterConditionKind::Group,
                ConditionKind::RootCause => FilterConditionKind::RootCause,
                ConditionKind::Template => FilterConditionKind::Template,
            },
            name: condition.name,
            comparator: condition.comparator.map(str::to_owned),
            value: condition.value.map(|value| match value {
                Literal::Text(text) => FilterValue::Text(text),
                Literal::Number(number) => FilterValue::Number(number),
                Literal::Boolean(boolean) => FilterValue::Boolean(boolean),
            }),
            nodes: nodes
                .map(|node| FilterNode { name: node.name, kind: node.kind, account: node.account })
                .collect(),
            block: condition.block.map(|tree| Box::new(FilterTree::from(*tree))),
        }
    }
}
