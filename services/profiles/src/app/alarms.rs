//! What is not as the policy asks, computed when somebody asks (P5.3-P5.6, P7.2).

use super::{App, ListAnswer, students::list_target};
use crate::{
    domain::{
        alarm::{Alarm, AlarmKind, Subject},
        ids::SchoolId,
        staff::vacancies,
        student::Transfer,
    },
    error::Error,
    store::{Seen, classes, schools, staff, transfers, watch},
};
use xinqiao_kit::{authz::Target, ctx::Ctx, db::Tx, page::Page};

/// Pupils who are looked at for one answer at most. A county has fewer yellow and orange pupils than that in any school.
const WATCHED_MAX: i64 = 20_000;

/// What a list of alarms is narrowed by.
#[derive(Debug, Clone, Copy, Default)]
pub struct AlarmFilter {
    /// Only this school.
    pub school: Option<SchoolId>,
    /// Only this kind.
    pub kind: Option<AlarmKind>,
}

/// The position of an alarm in the list: what is due first comes first.
fn position(alarm: &Alarm) -> Vec<String> {
    let due = alarm.due.map_or(i64::MAX, |due| due.micros());
    let subject = match alarm.subject {
        Subject::Student(student) => student.to_string(),
        Subject::Post(vacancy) => {
            let class = vacancy.class.map(|class| class.to_string()).unwrap_or_default();
            format!("{} {} {class}", alarm.school, vacancy.post.word())
        }
    };
    vec![format!("{due:020}"), alarm.kind.word().to_owned(), subject]
}

impl App {
    /// Alarms that the caller may see, what is due first first.
    ///
    /// # Errors
    /// Access.
    pub async fn list_alarms(
        &self,
        ctx: &Ctx,
        filter: AlarmFilter,
        page: &Page,
    ) -> Result<ListAnswer<Alarm>, Error> {
        let seen = self.seen(ctx)?;
        let mut tx = self.deps.db.begin().await?;
        let limits = &self.deps.settings.profiles;
        let watched = watch::watched(&mut tx, &seen, filter.school, WATCHED_MAX).await?;
        let mut alarms: Vec<Alarm> =
            watched.iter().flat_map(|watched| watched.alarms(limits, ctx.now())).collect();
        alarms.extend(self.unanswered_transfers(&mut tx, ctx, filter.school).await?);
        alarms.extend(self.vacant_posts(&mut tx, &seen, filter.school).await?);
        let mut rows: Vec<(Vec<String>, Alarm)> = alarms
            .into_iter()
            .filter(|alarm| filter.kind.is_none_or(|kind| kind == alarm.kind))
            .map(|alarm| (position(&alarm), alarm))
            .filter(|(position, _)| page.after.as_ref().is_none_or(|after| position > after))
            .collect();
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        // A pupil who is orange and in transfer is found on two ways.
        rows.dedup_by(|a, b| a.0 == b.0);
        let next_page_token = page.cut(&mut rows, |row| row.0.clone());
        let rows = rows.into_iter().map(|(_, alarm)| alarm).collect();
        let answer = ListAnswer { rows, next_page_token };
        self.shown(tx, ctx, &list_target("alarms", filter.school, None), answer).await
    }

    /// Transfers that nobody answers alarm the county, whatever the colour; they do not tell it.
    async fn unanswered_transfers(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        school: Option<SchoolId>,
    ) -> Result<Vec<Alarm>, Error> {
        let kind = AlarmKind::TransferUnanswered;
        let county = Target::new("alarm").state(kind.word());
        if !self.deps.authz.permits(&ctx.principal, &ctx.method.policy.action, &county) {
            return Ok(Vec::new());
        }
        let late = transfers::overdue(tx, school, ctx.now(), WATCHED_MAX).await?.into_iter();
        let alarm = |transfer: Transfer| Alarm {
            kind,
            subject: Subject::Student(transfer.student),
            school: transfer.from_school,
            since: Some(transfer.created_at),
            due: Some(transfer.due_at),
        };
        Ok(late.map(alarm).collect())
    }

    /// Posts that nobody holds, at the schools that the caller answers for.
    async fn vacant_posts(
        &self,
        tx: &mut Tx,
        seen: &Seen,
        school: Option<SchoolId>,
    ) -> Result<Vec<Alarm>, Error> {
        let mine: Vec<SchoolId> = match seen.grants.all {
            true => schools::all_ids(tx).await?,
            false => seen.grants.schools.ids().iter().map(|id| SchoolId(*id)).collect(),
        };
        let mine: Vec<SchoolId> =
            mine.into_iter().filter(|id| school.is_none_or(|school| school == *id)).collect();
        if mine.is_empty() {
            return Ok(Vec::new());
        }
        let members = staff::active_of(tx, &self.deps.keys, &mine).await?;
        let running = classes::by_schools(tx, &mine).await?;
        let mut alarms = Vec::new();
        for school in mine {
            let here: Vec<_> =
                members.iter().filter(|member| member.school == Some(school)).cloned().collect();
            let classes: Vec<_> = running.iter().filter(|class| class.school == school).cloned().collect();
            let vacant = vacancies(&here, &classes).into_iter();
            alarms.extend(vacant.map(|vacancy| Alarm {
                kind: AlarmKind::PostVacant,
                subject: Subject::Post(vacancy),
                school,
                since: None,
                due: None,
            }));
        }
        Ok(alarms)
    }
}
