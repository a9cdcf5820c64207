//! The part of FHIR R4 `Questionnaire` that instruments use. Unknown elements of a county's file are left alone.

use super::AnswerOption;
use crate::domain::text::Text;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Items nest this deep at most.
const MAX_GROUP_DEPTH: usize = 4;

/// A questionnaire.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Questionnaire {
    /// Always `Questionnaire`.
    pub resource_type: String,
    /// Title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Read before the first item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Translations of it.
    #[serde(default, rename = "_description", skip_serializing_if = "Option::is_none")]
    pub description_more: Option<Value>,
    /// Value sets that items refer to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contained: Vec<ValueSet>,
    /// The items and groups.
    #[serde(default)]
    pub item: Vec<QuestionnaireItem>,
}

/// A contained value set: answers shared by items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValueSet {
    /// Its id, referred to as `#id`.
    #[serde(default)]
    pub id: String,
    /// What is in it.
    #[serde(default)]
    pub compose: Compose,
}

/// What is in a value set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Compose {
    /// Its parts.
    #[serde(default)]
    pub include: Vec<Include>,
}

/// Part of a value set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Include {
    /// Its concepts.
    #[serde(default)]
    pub concept: Vec<Concept>,
}

/// One concept: an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Concept {
    /// Its code: the value, as a number.
    pub code: String,
    /// Its words.
    #[serde(default)]
    pub display: String,
    /// The same in other languages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub designation: Vec<Designation>,
}

/// Words in another language.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Designation {
    /// The language.
    #[serde(default)]
    pub language: String,
    /// The words.
    #[serde(default)]
    pub value: String,
}

/// An item, a group of items, or words for display.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuestionnaireItem {
    /// What answers refer to.
    #[serde(default)]
    pub link_id: String,
    /// What is asked.
    #[serde(default)]
    pub text: String,
    /// Translations of it.
    #[serde(default, rename = "_text", skip_serializing_if = "Option::is_none")]
    pub text_more: Option<Value>,
    /// `choice`, `boolean`, `integer`, `group`, `display`.
    #[serde(default)]
    pub r#type: String,
    /// Whether an answer is needed.
    #[serde(default)]
    pub required: bool,
    /// A contained value set, `#id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_value_set: Option<String>,
    /// Answers in place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answer_option: Vec<Value>,
    /// When it is shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enable_when: Vec<EnableWhen>,
    /// How several conditions combine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable_behavior: Option<String>,
    /// Items of a group.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub item: Vec<QuestionnaireItem>,
}

/// A condition under which an item is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnableWhen {
    /// Link id of the item that is looked at.
    #[serde(default)]
    pub question: String,
    /// Only `=` is known.
    #[serde(default)]
    pub operator: String,
    /// The answer that shows the item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_coding: Option<Value>,
    /// The same as a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_integer: Option<i32>,
    /// The same for yes/no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_boolean: Option<bool>,
}

impl Questionnaire {
    /// The items that ask for an answer, groups unfolded, in order.
    pub fn questions(&self) -> Vec<&QuestionnaireItem> {
        let mut found = Vec::new();
        unfold(&self.item, 0, &mut found);
        found
    }

    /// The answers of an item, ascending by value, or what is wrong with them.
    ///
    /// # Errors
    /// Words that say what is wrong.
    pub fn options(&self, item: &QuestionnaireItem) -> Result<Vec<AnswerOption>, String> {
        let mut options = match (&item.answer_value_set, item.answer_option.as_slice(), item.r#type.as_str())
        {
            (Some(reference), _, _) => self.value_set(reference)?,
            (None, [], "boolean") => yes_no(),
            (None, options, _) => options.iter().map(inline_option).collect::<Result<Vec<_>, _>>()?,
        };
        options.sort_by_key(|option| option.value);
        Ok(options)
    }

    /// The title as a text.
    pub fn title_text(&self) -> Option<Text> {
        let title = self.title.as_ref()?.trim();
        (!title.is_empty()).then(|| Text { zh: title.to_owned(), en: String::new() })
    }

    /// What is read before the first item.
    pub fn instructions(&self) -> Text {
        Text {
            zh: self.description.clone().unwrap_or_default(),
            en: self.description_more.as_ref().and_then(translation).unwrap_or_default(),
        }
    }

    fn value_set(&self, reference: &str) -> Result<Vec<AnswerOption>, String> {
        let id = reference.trim_start_matches('#');
        let set = self.contained.iter().find(|set| set.id == id);
        let set = set.ok_or_else(|| format!("value set {reference} is not contained"))?;
        set.compose.include.iter().flat_map(|include| &include.concept).map(coded_option).collect()
    }
}

impl QuestionnaireItem {
    /// What is asked.
    pub fn asked(&self) -> Text {
        Text {
            zh: self.text.trim().to_owned(),
            en: self.text_more.as_ref().and_then(translation).unwrap_or_default(),
        }
    }
}

impl EnableWhen {
    /// The value that shows the item.
    pub fn value(&self) -> Option<i32> {
        let coding =
            self.answer_coding.as_ref().and_then(|coding| coding.get("code")?.as_str()?.parse().ok());
        coding.or(self.answer_integer).or(self.answer_boolean.map(i32::from))
    }
}

fn unfold<'a>(items: &'a [QuestionnaireItem], depth: usize, found: &mut Vec<&'a QuestionnaireItem>) {
    for item in items {
        match item.r#type.as_str() {
            "group" if depth < MAX_GROUP_DEPTH => unfold(&item.item, depth + 1, found),
            "group" | "display" => {}
            _ => found.push(item),
        }
    }
}

fn yes_no() -> Vec<AnswerOption> {
    let option = |value, zh: &str, en: &str| AnswerOption {
        value,
        label: Text { zh: zh.to_owned(), en: en.to_owned() },
    };
    vec![option(0, "否", "No"), option(1, "是", "Yes")]
}

fn coded_option(concept: &Concept) -> Result<AnswerOption, String> {
    let value =
        concept.code.parse().map_err(|_| format!("answer {} has no whole number as code", concept.code))?;
    let english = concept.designation.iter().find(|words| words.language.starts_with("en"));
    let en = english.map(|words| words.value.clone()).unwrap_or_default();
    Ok(AnswerOption { value, label: Text { zh: concept.display.clone(), en } })
}

/// `valueInteger`, or `valueCoding` whose value is its ordinal or its code.
fn inline_option(option: &Value) -> Result<AnswerOption, String> {
    if let Some(value) = option.get("valueInteger").and_then(Value::as_i64) {
        let value = i32::try_from(value).map_err(|_| format!("answer {value} is too large"))?;
        return Ok(AnswerOption { value, label: Text { zh: value.to_string(), en: String::new() } });
    }
    let coding = option.get("valueCoding").ok_or("an answer is neither valueCoding nor valueInteger")?;
    let code = coding.get("code").and_then(Value::as_str).unwrap_or_default();
    let value = ordinal(option).or_else(|| ordinal(coding)).or_else(|| code.parse().ok());
    let value = value
        .ok_or_else(|| format!("answer {code} has neither an ordinal value nor a whole number as code"))?;
    let zh = coding.get("display").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(AnswerOption { value, label: Text { zh, en: String::new() } })
}

fn ordinal(element: &Value) -> Option<i32> {
    let extensions = element.get("extension")?.as_array()?;
    let ordinal = extensions.iter().find(|extension| {
        let url = extension.get("url").and_then(Value::as_str).unwrap_or_default();
        url.ends_with("/ordinalValue") || url.ends_with("/itemWeight")
    })?;
    let value = ordinal.get("valueDecimal")?.as_f64()?;
    // Ordinals of answers are small whole numbers; anything else is refused by its caller.
    #[expect(clippy::cast_possible_truncation, reason = "whole and small by the guard")]
    (value.fract() == 0.0 && value.abs() < 1e6).then_some(value as i32)
}

/// The English content of FHIR's translation extension.
fn translation(element: &Value) -> Option<String> {
    let extensions = element.get("extension")?.as_array()?;
    extensions.iter().find_map(|extension| {
        let parts = extension.get("extension")?.as_array()?;
        let part = |url: &str| parts.iter().find(|part| part.get("url").and_then(Value::as_str) == Some(url));
        let language = part("lang")?.get("valueCode")?.as_str()?;
        let content = part("content")?.get("valueString")?.as_str()?;
        language.starts_with("en").then(|| content.to_owned())
    })
}
