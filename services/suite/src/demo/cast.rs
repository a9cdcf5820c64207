//! The people of the story: made as county IT makes them, through the API.

use super::stage::Stage;
use crate::{
    client::{Api, ApiError, number, text},
    commands::Failure,
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};
use std::time::Duration;

/// The password of everybody in the demo.
pub const PASSWORD: &str = "xinqiao-demo-2026";
/// Pupils who answer at once.
const PUPILS: usize = 50;
/// How long a fact may take to reach another service.
const PATIENCE: Duration = Duration::from_secs(20);

/// One member of staff with a session.
#[derive(Debug, Clone)]
pub struct Member {
    /// Login name.
    pub login: String,
    /// Chinese title, for the list of accounts.
    pub title: &'static str,
    /// `users/...`
    pub user: String,
    /// `staff/...`; empty for people of the county.
    pub staff: String,
    /// The API as this person.
    pub api: Api,
}

/// One pupil with a session.
#[derive(Debug, Clone)]
pub struct Pupil {
    /// `students/...`
    pub student: String,
    /// The API as this pupil.
    pub api: Api,
}

/// Everybody, and where the story happens.
#[derive(Debug)]
pub struct Cast {
    /// County IT.
    pub admin: Api,
    /// `schools/...`
    pub school: String,
    /// `schools/.../classes/...`
    pub class: String,
    /// Grade of the class, 1 to 12.
    pub grade: i64,
    /// Entry year of the class.
    pub entry_year: i64,
    /// Its stage, as the API has it.
    pub stage: String,
    /// Class teacher of the class.
    pub homeroom: Member,
    /// Full-time psychologist of the school.
    pub psychologist: Member,
    /// Principal.
    pub principal: Member,
    /// Deputy, of the school's leading group.
    pub deputy: Member,
    /// Head of the grade.
    pub grade_leader: Member,
    /// Somebody on county duty.
    pub duty: Member,
    /// Pupils of the class.
    pub pupils: Vec<Pupil>,
}

/// Redeems the one-time code.
///
/// # Errors
/// The platform refuses.
pub async fn first_administrator(api: &Api, code: &str) -> Result<Api, ApiError> {
    redeem(api, code, Some(("admin", "县管理员"))).await
}

async fn redeem(api: &Api, code: &str, new: Option<(&str, &str)>) -> Result<Api, ApiError> {
    let mut body = json!({"activationCode": code, "password": PASSWORD, "client": "demo"});
    if let Some((login, name)) = new {
        merge(&mut body, json!({"loginName": login, "displayName": name}));
    }
    let answer = api.post("/v1/sessions:redeem", body).await?;
    Ok(api.with_token(text(&answer, "sessionToken")))
}

impl Cast {
    /// Chooses a school and a class, makes the accounts, and waits until everybody holds what follows from their posts.
    ///
    /// # Errors
    /// A call fails, or a grant does not arrive in time.
    pub async fn assemble(api: &Api, admin: &Api, stage: &mut Stage) -> Result<Self, Failure> {
        stage.scene("人员与账号", "People and accounts");
        let (school, class) = choose(admin).await?;
        let class_name = text(&class, "name").to_owned();
        let led = json!([{"stage": text(&class, "stage"), "entryYear": number(&class, "entryYear")}]);
        let office = Office { api, admin, school: &school };
        let homeroom = office
            .hire("homeroom", "班主任", json!({"posts": ["POST_HOMEROOM"], "homeroomClasses": [class_name]}))
            .await?;
        let psychologist =
            office.hire("psych", "专职心理教师", json!({"posts": ["POST_PSYCHOLOGIST"]})).await?;
        let principal = office.hire("principal", "校长", json!({"posts": ["POST_PRINCIPAL"]})).await?;
        let deputy =
            office.hire("deputy", "副校长", json!({"posts": ["POST_DEPUTY", "POST_LEADING_GROUP"]})).await?;
        let grade_leader = office
            .hire("grade", "年级组长", json!({"posts": ["POST_GRADE_LEADER"], "ledGrades": led}))
            .await?;
        let duty = office.appoint("duty", "县值班员", "ROLE_COUNTY_DUTY", "POST_COUNTY_DUTY").await?;
        for (member, role) in [
            (&homeroom, "ROLE_HOMEROOM"),
            (&psychologist, "ROLE_PSYCHOLOGIST"),
            (&principal, "ROLE_PRINCIPAL"),
            (&deputy, "ROLE_DEPUTY"),
            (&grade_leader, "ROLE_GRADE_LEADER"),
            (&duty, "ROLE_COUNTY_DUTY"),
        ] {
            let holds = await_grant(member, role).await?;
            stage.verify(
                holds,
                &format!("{}已获得应有的权限", member.title),
                &format!("{} holds {role}", member.login),
            );
        }
        let pupils = enrol(&office, &homeroom.api, &class_name).await?;
        stage.tell(
            &format!("{} 名学生激活了账号", pupils.len()),
            &format!("{} pupils activated their accounts", pupils.len()),
        );
        Ok(Self {
            admin: admin.clone(),
            grade: number(&class, "grade"),
            entry_year: number(&class, "entryYear"),
            stage: text(&class, "stage").to_owned(),
            class: class_name,
            school,
            homeroom,
            psychologist,
            principal,
            deputy,
            grade_leader,
            duty,
            pupils,
        })
    }

    /// All staff.
    pub fn staff(&self) -> [&Member; 6] {
        [&self.homeroom, &self.psychologist, &self.principal, &self.deputy, &self.grade_leader, &self.duty]
    }

    /// Login names, titles and the password, for whoever wants to go on.
    pub fn accounts(&self) -> Vec<String> {
        let mut lines = vec![format!("admin        县管理员          密码 password {PASSWORD}")];
        lines.extend(self.staff().map(|member| format!("{:<12} {}", member.login, member.title)));
        lines.push(format!("pupil001 …   学生（{} 人）", self.pupils.len()));
        lines
    }
}

/// The school and class with the highest grade, and among those the one with the lowest number: old enough for a questionnaire.
async fn choose(admin: &Api) -> Result<(String, Value), Failure> {
    let mut best: Option<(String, Value)> = None;
    for school in admin.list("/v1/schools?pageSize=500", "schools").await? {
        let name = text(&school, "name").to_owned();
        for class in admin.list(&format!("/v1/{name}/classes?pageSize=500"), "classes").await? {
            let higher = best.as_ref().is_none_or(|(_, known)| {
                (number(&class, "grade"), -number(&class, "number"))
                    > (number(known, "grade"), -number(known, "number"))
            });
            if higher {
                best = Some((name.clone(), class));
            }
        }
    }
    best.ok_or_else(|| "花名册里没有班级 the roster has no classes".into())
}

/// County IT at work for one school.
struct Office<'a> {
    api: &'a Api,
    admin: &'a Api,
    school: &'a str,
}

impl Office<'_> {
    /// An account and a staff record at the school.
    async fn hire(&self, login: &str, title: &'static str, posts: Value) -> Result<Member, Failure> {
        let user = json!({"loginName": login, "displayName": title, "kind": "USER_KIND_STAFF", "school": self.school});
        let (user, api) = self.account(user).await?;
        let mut staff = json!({"school": self.school, "displayName": title, "user": user});
        merge(&mut staff, posts);
        let staff = self.admin.post("/v1/staff", staff).await?;
        Ok(Member { login: login.to_owned(), title, user, staff: text(&staff, "name").to_owned(), api })
    }

    /// An account with a role at the county. County roles need two people; the first administrator alone may confirm while there is
    /// no second one.
    async fn appoint(
        &self,
        login: &str,
        title: &'static str,
        role: &str,
        post: &str,
    ) -> Result<Member, Failure> {
        let user = json!({"loginName": login, "displayName": title, "kind": "USER_KIND_COUNTY"});
        let (user, api) = self.account(user).await?;
        let grant =
            self.admin.post("/v1/grants", json!({"user": user, "role": role, "scope": "county"})).await?;
        if text(&grant, "state") == "GRANT_STATE_PENDING" {
            self.admin.post(&format!("/v1/{}:confirm", text(&grant, "name")), json!({})).await?;
        }
        let staff = json!({"displayName": title, "user": user, "posts": [post]});
        let staff = self.admin.post("/v1/staff", staff).await?;
        Ok(Member { login: login.to_owned(), title, user, staff: text(&staff, "name").to_owned(), api })
    }

    async fn account(&self, user: Value) -> Result<(String, Api), Failure> {
        let made = self.admin.post("/v1/users", user).await?;
        let code = made
            .get("credential")
            .map(|credential| text(credential, "secret").to_owned())
            .unwrap_or_default();
        let name = made.get("user").map(|user| text(user, "name").to_owned()).unwrap_or_default();
        Ok((name, redeem(self.api, &code, None).await?))
    }
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}

/// Grants follow from facts in another service, by events: they come soon, not at once.
async fn await_grant(member: &Member, role: &str) -> Result<bool, Failure> {
    await_true(|| async {
        let me = member.api.get("/v1/users/me").await?;
        let grants = me.get("grants").and_then(Value::as_array).cloned().unwrap_or_default();
        Ok(grants
            .iter()
            .any(|grant| text(grant, "role") == role && text(grant, "state") == "GRANT_STATE_ACTIVE"))
    })
    .await
}

/// Asks again until the answer is yes, for a while.
///
/// # Errors
/// A call fails.
pub async fn await_true<F, Fut>(ask: F) -> Result<bool, Failure>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<bool, Failure>>,
{
    let began = tokio::time::Instant::now();
    loop {
        if ask().await? {
            return Ok(true);
        }
        if began.elapsed() > PATIENCE {
            return Ok(false);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Accounts for the pupils of a class, each activated by its pupil.
async fn enrol(office: &Office<'_>, homeroom: &Api, class: &str) -> Result<Vec<Pupil>, Failure> {
    let listed = await_list(homeroom, class).await?;
    let users: Vec<Value> = (1..)
        .zip(listed.iter().take(PUPILS))
        .map(|(index, student)| {
            json!({
                "loginName": format!("pupil{index:03}"),
                "displayName": text(student, "displayName"),
                "kind": "USER_KIND_PUPIL",
                "school": office.school,
                "student": text(student, "name"),
            })
        })
        .collect();
    let made = office.admin.post("/v1/users:batchCreate", json!({"users": users})).await?;
    let results = made.get("results").and_then(Value::as_array).cloned().unwrap_or_default();
    stream::iter(results)
        .map(|result| async move {
            let student = result.get("user").map(|user| text(user, "student").to_owned()).unwrap_or_default();
            let code = result.get("credential").map(|c| text(c, "secret").to_owned()).unwrap_or_default();
            let api = redeem(office.api, &code, None).await?;
            Ok::<_, Failure>(Pupil { student, api })
        })
        .buffered(4)
        .try_collect()
        .await
}

async fn await_list(homeroom: &Api, class: &str) -> Result<Vec<Value>, Failure> {
    let listed = homeroom.list(&format!("/v1/students?class={class}&pageSize=100"), "students").await?;
    if listed.is_empty() {
        return Err("班主任看不到本班学生 the class teacher sees no pupils".into());
    }
    Ok(listed)
}
