//! Authorisation: Cedar decides on rows reduced to what decides. Default deny; an error in a policy is a deny and an alarm.
//!
//! What a list may show follows from the same policies: [`Authorizer::visibility`] asks, for every place or pupil where the caller holds
//! a role, whether a row that has nothing but that relation would be permitted. This is exact as long as each `permit` rests on one relation.

use crate::{
    ctx::{Actor, Ctx, Principal, Scope},
    db::IdList,
    status::ApiError,
};
use cedar_policy::{
    Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression, Schema, SchemaFragment, ValidationMode, Validator,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    str::FromStr as _,
};
use tonic::Code;
use uuid::Uuid;

/// The caller may not do this. The two cases never tell whether a row exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// The caller may do this nowhere.
    #[error("the caller may not do this")]
    Denied,
    /// The caller may do this somewhere, but not here: the same answer as for something that does not exist.
    #[error("there is no such thing, or the caller may not see it")]
    NotFound,
}

impl ApiError for AccessError {
    fn code(&self) -> Code {
        match self {
            Self::Denied => Code::PermissionDenied,
            Self::NotFound => Code::NotFound,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::Denied => "PERMISSION_DENIED",
            Self::NotFound => "NOT_FOUND",
        }
    }
}

/// A row, reduced to what access depends on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// Kind of resource, for the audit log: `student`, `alert`.
    pub kind: &'static str,
    /// Id of the row.
    pub id: Option<Uuid>,
    /// School that it belongs to.
    pub school: Option<Uuid>,
    /// Class that it belongs to.
    pub class: Option<Uuid>,
    /// Pupil whom it concerns.
    pub student: Option<Uuid>,
    /// Account that it belongs to.
    pub owner: Option<Uuid>,
    /// Whatever else a policy looks at: the colour of a record, `escalated_to_county`.
    pub state: Option<String>,
}

impl Target {
    /// A target of this kind and nothing known of it.
    pub fn new(kind: &'static str) -> Self {
        Self { kind, ..Self::default() }
    }
    /// With its id.
    #[must_use]
    pub fn id(mut self, id: impl Into<Uuid>) -> Self {
        self.id = Some(id.into());
        self
    }
    /// With its school.
    #[must_use]
    pub fn school(mut self, school: impl Into<Uuid>) -> Self {
        self.school = Some(school.into());
        self
    }
    /// With its class.
    #[must_use]
    pub fn class(mut self, class: impl Into<Uuid>) -> Self {
        self.class = Some(class.into());
        self
    }
    /// With its pupil.
    #[must_use]
    pub fn student(mut self, student: impl Into<Uuid>) -> Self {
        self.student = Some(student.into());
        self
    }
    /// With the account it belongs to.
    #[must_use]
    pub fn owner(mut self, owner: impl Into<Uuid>) -> Self {
        self.owner = Some(owner.into());
        self
    }
    /// With its state.
    #[must_use]
    pub fn state(mut self, state: impl Into<String>) -> Self {
        self.state = Some(state.into());
        self
    }
}

/// What a list may show to the caller, in the order in which list queries bind it.
#[derive(Debug, Clone, PartialEq)]
pub struct Visibility {
    /// Everything.
    pub all: bool,
    /// Rows of these schools.
    pub schools: IdList,
    /// Rows of these classes.
    pub classes: IdList,
    /// Rows of these pupils.
    pub students: IdList,
    /// Rows that belong to the caller's own account.
    pub owner: Option<Uuid>,
}

/// What is wrong with schema or policies. The program does not start with them.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// A schema file.
    #[error("access/{file}.cedarschema: {cause}")]
    Schema {
        /// The file.
        file: String,
        /// What Cedar says.
        cause: String,
    },
    /// A policy file.
    #[error("access/{file}.cedar: {cause}")]
    Policy {
        /// The file.
        file: String,
        /// What Cedar says.
        cause: String,
    },
    /// Schema and policies do not fit together.
    #[error("access policies do not fit their schema:\n{0}")]
    Mismatch(String),
}

/// Decides who may do what. Made once at start.
pub struct Authorizer {
    cedar: cedar_policy::Authorizer,
    policies: PolicySet,
    schema: Schema,
    types: Types,
}

struct Types {
    user: EntityTypeName,
    service: EntityTypeName,
    anybody: EntityTypeName,
    target: EntityTypeName,
    action: EntityTypeName,
    school: EntityTypeName,
    class: EntityTypeName,
    student: EntityTypeName,
}

/// The attributes of `User`: the role of a grant and the kind of scope it holds at. A grant of any other pairing counts for nothing.
const RELATIONS: &[(&str, &str, Kind)] = &[
    ("homeroom", "homeroom", Kind::Class),
    ("peer", "peer", Kind::Class),
    ("subject", "subject", Kind::School),
    ("psychologist", "psychologist", Kind::School),
    ("deputy", "deputy", Kind::School),
    ("principal", "principal", Kind::School),
    ("grade_leader", "gradeLeader", Kind::School),
    ("school_admin", "schoolAdmin", Kind::School),
    ("support", "support", Kind::Student),
    ("assigned", "assigned", Kind::Student),
    ("guardian", "guardian", Kind::Student),
    ("pupil", "pupil", Kind::Student),
];

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    School,
    Class,
    Student,
}

impl std::fmt::Debug for Authorizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authorizer(..)")
    }
}

impl Authorizer {
    /// Reads schema and policies, (file, text) each, and validates the one against the other strictly.
    ///
    /// # Errors
    /// What does not parse or does not fit.
    pub fn new(schema: &[(&str, &str)], policies: &[(&str, &str)]) -> Result<Self, PolicyError> {
        let fragments = schema
            .iter()
            .filter(|(_, text)| {
                text.lines().any(|line| !line.trim().is_empty() && !line.trim().starts_with("//"))
            })
            .map(|(file, text)| {
                let fail = |cause: String| PolicyError::Schema { file: (*file).to_owned(), cause };
                let (fragment, _) =
                    SchemaFragment::from_cedarschema_str(text).map_err(|e| fail(e.to_string()))?;
                Ok(fragment)
            })
            .collect::<Result<Vec<_>, PolicyError>>()?;
        let schema = Schema::from_schema_fragments(fragments)
            .map_err(|e| PolicyError::Schema { file: "*".to_owned(), cause: e.to_string() })?;
        let mut all = PolicySet::new();
        for (file, text) in policies {
            let fail = |cause: String| PolicyError::Policy { file: (*file).to_owned(), cause };
            let set = PolicySet::from_str(text).map_err(|e| fail(e.to_string()))?;
            for policy in set.policies() {
                let id = cedar_policy::PolicyId::new(format!("{file}.{}", policy.id()));
                all.add(policy.new_id(id)).map_err(|e| fail(e.to_string()))?;
            }
        }
        let verdict = Validator::new(schema.clone()).validate(&all, ValidationMode::Strict);
        if !verdict.validation_passed() {
            let complaints: Vec<String> = verdict.validation_errors().map(ToString::to_string).collect();
            return Err(PolicyError::Mismatch(complaints.join("\n")));
        }
        let types = Types::new().map_err(PolicyError::Mismatch)?;
        Ok(Self { cedar: cedar_policy::Authorizer::new(), policies: all, schema, types })
    }

    /// The action ids that the schema knows.
    pub fn actions(&self) -> BTreeSet<String> {
        self.schema.actions().map(|uid| uid.id().unescaped().to_owned()).collect()
    }

    /// Asks whether the caller may do what its method does to `target`.
    ///
    /// # Errors
    /// [`AccessError::NotFound`] when not here but elsewhere, [`AccessError::Denied`] when nowhere.
    pub fn require(&self, ctx: &Ctx, target: &Target) -> Result<(), AccessError> {
        if self.permits(&ctx.principal, &ctx.method.policy.action, target) {
            return Ok(());
        }
        Err(self.refusal(ctx))
    }

    /// The row, if there is one and the caller may; the same refusal in both other cases.
    ///
    /// # Errors
    /// As [`Authorizer::require`].
    pub fn require_found<T>(
        &self,
        ctx: &Ctx,
        row: Option<T>,
        target: impl FnOnce(&T) -> Target,
    ) -> Result<T, AccessError> {
        let row = row.ok_or_else(|| self.refusal(ctx))?;
        self.require(ctx, &target(&row))?;
        Ok(row)
    }

    /// What a list of the caller's method may show.
    ///
    /// # Errors
    /// [`AccessError::Denied`] when nothing at all.
    pub fn visibility(&self, ctx: &Ctx) -> Result<Visibility, AccessError> {
        self.visibility_of(&ctx.principal, &ctx.method.policy.action).ok_or(AccessError::Denied)
    }

    /// Whether `who` may do `action` to `target`.
    pub fn permits(&self, who: &Principal, action: &str, target: &Target) -> bool {
        match self.decide(who, action, target) {
            Ok(permitted) => permitted,
            Err(cause) => {
                // Cedar drops a forbid that fails, so a failure must never count as permission.
                tracing::error!(
                    alarm = "policy",
                    action,
                    kind = target.kind,
                    cause,
                    "an access decision failed"
                );
                metrics::counter!("xinqiao_policy_errors_total").increment(1);
                false
            }
        }
    }

    fn refusal(&self, ctx: &Ctx) -> AccessError {
        match self.visibility_of(&ctx.principal, &ctx.method.policy.action) {
            Some(_) => AccessError::NotFound,
            None => AccessError::Denied,
        }
    }

    fn visibility_of(&self, who: &Principal, action: &str) -> Option<Visibility> {
        let asks = |target: Target| self.permits(who, action, &target);
        let target = || Target::new("list");
        let all = asks(target());
        let (mut schools, mut classes, mut students) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut owner = None;
        if !all {
            for grant in &who.grants {
                match grant.scope {
                    Scope::School(school) if asks(target().school(school)) => _ = schools.insert(school),
                    Scope::Class { class, .. } if asks(target().class(class)) => _ = classes.insert(class),
                    Scope::Student(student) if asks(target().student(student)) => {
                        _ = students.insert(student)
                    }
                    _ => {}
                }
            }
            if let Actor::User(id) = who.actor
                && asks(target().owner(id))
            {
                owner = Some(id);
            }
        }
        let something =
            all || owner.is_some() || !(schools.is_empty() && classes.is_empty() && students.is_empty());
        something.then(|| Visibility {
            all,
            schools: schools.into_iter().collect::<Vec<_>>().into(),
            classes: classes.into_iter().collect::<Vec<_>>().into(),
            students: students.into_iter().collect::<Vec<_>>().into(),
            owner,
        })
    }

    fn decide(&self, who: &Principal, action: &str, target: &Target) -> Result<bool, String> {
        let principal = self.types.principal(who)?;
        let resource = self.types.resource(target)?;
        let action = uid(&self.types.action, action);
        let request = Request::new(principal.uid(), action, resource.uid(), Context::empty(), None)
            .map_err(|e| e.to_string())?;
        let entities = Entities::from_entities([principal, resource], None).map_err(|e| e.to_string())?;
        let response = self.cedar.is_authorized(&request, &self.policies, &entities);
        if let Some(error) = response.diagnostics().errors().next() {
            return Err(error.to_string());
        }
        Ok(response.decision() == Decision::Allow)
    }
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

impl Types {
    fn new() -> Result<Self, String> {
        let name = |text: &str| EntityTypeName::from_str(text).map_err(|e| e.to_string());
        Ok(Self {
            user: name("User")?,
            service: name("Service")?,
            anybody: name("Anybody")?,
            target: name("Target")?,
            action: name("Action")?,
            school: name("School")?,
            class: name("Class")?,
            student: name("Student")?,
        })
    }

    fn reference(&self, kind: Kind, id: Uuid) -> RestrictedExpression {
        let kind = match kind {
            Kind::School => &self.school,
            Kind::Class => &self.class,
            Kind::Student => &self.student,
        };
        RestrictedExpression::new_entity_uid(uid(kind, &id.to_string()))
    }

    fn principal(&self, who: &Principal) -> Result<Entity, String> {
        let (kind, id, attributes) = match who.actor {
            Actor::User(id) => (&self.user, id.to_string(), self.relations(who)),
            Actor::Service(role) => {
                let name = RestrictedExpression::new_string(role.name().to_owned());
                (&self.service, role.name().to_owned(), HashMap::from([("role".to_owned(), name)]))
            }
            Actor::Anybody => (&self.anybody, String::new(), HashMap::new()),
        };
        Entity::new(uid(kind, &id), attributes, HashSet::new()).map_err(|e| e.to_string())
    }

    fn relations(&self, who: &Principal) -> HashMap<String, RestrictedExpression> {
        let mut sets: BTreeMap<&str, Vec<RestrictedExpression>> =
            RELATIONS.iter().map(|(_, attribute, _)| (*attribute, Vec::new())).collect();
        let mut county = Vec::new();
        for grant in &who.grants {
            let (kind, id) = match grant.scope {
                Scope::County => {
                    county.push(RestrictedExpression::new_string(grant.role.clone()));
                    continue;
                }
                Scope::School(id) => (Kind::School, id),
                Scope::Class { class, .. } => (Kind::Class, class),
                Scope::Student(id) => (Kind::Student, id),
            };
            let relation = RELATIONS.iter().find(|(role, _, at)| *role == grant.role && *at == kind);
            if let Some((_, attribute, _)) = relation {
                sets.entry(attribute).or_default().push(self.reference(kind, id));
            }
        }
        sets.insert("county", county);
        sets.into_iter().map(|(name, set)| (name.to_owned(), RestrictedExpression::new_set(set))).collect()
    }

    fn resource(&self, target: &Target) -> Result<Entity, String> {
        let mut attributes = HashMap::new();
        let relations = [
            ("school", Kind::School, target.school),
            ("class", Kind::Class, target.class),
            ("student", Kind::Student, target.student),
        ];
        for (name, kind, id) in relations {
            if let Some(id) = id {
                attributes.insert(name.to_owned(), self.reference(kind, id));
            }
        }
        if let Some(owner) = target.owner {
            let owner = RestrictedExpression::new_entity_uid(uid(&self.user, &owner.to_string()));
            attributes.insert("owner".to_owned(), owner);
        }
        if let Some(state) = &target.state {
            attributes.insert("state".to_owned(), RestrictedExpression::new_string(state.clone()));
        }
        let id = target.id.map_or_else(|| target.kind.to_owned(), |id| id.to_string());
        Entity::new(uid(&self.target, &id), attributes, HashSet::new()).map_err(|e| e.to_string())
    }
}

#[cfg(test)]
#[path = "authz_tests.rs"]
mod tests;
