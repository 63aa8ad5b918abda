//! `/api/url-templates`: rules of people for URLs, and what they would do. The code that answers is the one that decides
//! when traces are digested.

use axum::Json;
use axum::extract::State;
use model::template;
use model::template::rule::{MAX_RULES, UrlRule, UrlRules};
use settings::UrlRulesRecord;

use crate::app::Shared;
use crate::error::Problem;
use crate::params::JsonBody;
use crate::shape::{UrlTemplateRule, UrlTemplateTry, UrlTemplateVerdict, UrlTemplates, UrlTemplatesChange};

pub(crate) async fn show(State(app): State<Shared>) -> Json<UrlTemplates> {
    Json(templates(&app.deps.settings.snapshot().url_rules))
}

pub(crate) async fn replace(
    State(app): State<Shared>,
    JsonBody(change): JsonBody<UrlTemplatesChange>,
) -> Result<Json<UrlTemplates>, Problem> {
    let rules = read(change.rules)?;
    let settings = app.deps.settings.clone();
    let changed =
        tokio::task::spawn_blocking(move || settings.set_url_rules(rules, change.revision)).await??;
    Ok(Json(templates(&changed)))
}

pub(crate) async fn decide(
    State(app): State<Shared>,
    JsonBody(asked): JsonBody<UrlTemplateTry>,
) -> Result<Json<UrlTemplateVerdict>, Problem> {
    let draft = asked.rules.map(read).transpose()?;
    let state = app.deps.settings.snapshot();
    let rules = draft.as_ref().unwrap_or(&state.url_rules.rules);
    let rule = rules.place(&asked.service, &asked.url);
    let by_looks = template::path(&asked.url);
    let template = rule.map_or_else(|| by_looks.clone(), |rule| rules.as_slice()[rule].path.clone());
    Ok(Json(UrlTemplateVerdict { rule, template, by_looks }))
}

fn templates(record: &UrlRulesRecord) -> UrlTemplates {
    let rule = |UrlRule { service, path }: UrlRule| UrlTemplateRule { service, path };
    let rules = record.rules.as_slice().iter().cloned().map(rule).collect();
    UrlTemplates { rules, revision: record.revision, limit: MAX_RULES }
}

fn read(rules: Vec<UrlTemplateRule>) -> Result<UrlRules, Problem> {
    let rule = |UrlTemplateRule { service, path }: UrlTemplateRule| UrlRule { service, path };
    let rules = UrlRules::read(rules.into_iter().map(rule).collect());
    rules.map_err(|error| Problem::bad_request(error.to_string()))
}
