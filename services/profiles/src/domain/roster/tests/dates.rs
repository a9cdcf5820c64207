use super::{
    super::{
        dates::{DateFault, date, month},
        sheet::Kind,
    },
    day,
};

#[test]
fn a_date_is_read_however_it_is_written() {
    for text in [
        "2013-09-01",
        "2013-9-1",
        "2013/9/1",
        "2013/09/01",
        "2013.9.1",
        "20130901",
        "2013年9月1日",
        "2013年09月01日",
        "2013年9月1",
        "2013 年 9 月 1 日",
        "2013-09-01 00:00:00",
        "2013-09-01T00:00:00.000Z",
    ] {
        assert_eq!(date(Kind::Text, text, false), Ok(day(2013, 9, 1)), "{text}");
    }
    assert_eq!(date(Kind::Number, "20130901", false), Ok(day(2013, 9, 1)));
}

#[test]
fn a_day_number_counts_from_the_epoch_of_the_workbook() {
    for (kind, text, from_1904, meant) in [
        (Kind::Number, "42743", false, day(2017, 1, 8)),
        (Kind::Day, "42743", false, day(2017, 1, 8)),
        (Kind::Day, "42743.99", false, day(2017, 1, 8)),
        (Kind::Text, "42743", false, day(2017, 1, 8)),
        (Kind::Number, "41281", true, day(2017, 1, 8)),
        (Kind::Day, "59", false, day(1900, 2, 28)),
        (Kind::Day, "61", false, day(1900, 3, 1)),
    ] {
        assert_eq!(date(kind, text, from_1904), Ok(meant), "{text}");
    }
    for impossible in ["60", "0", "99999", "99999999999"] {
        assert!(date(Kind::Day, impossible, false).is_err(), "{impossible}");
    }
}

#[test]
fn what_is_no_day_is_told_from_what_is_no_date() {
    for text in
        ["2013-02-30", "2013-13-01", "20130230", "2013年2月30日", "2015/2/29", "0013-01-01", "2100-01-01"]
    {
        assert_eq!(date(Kind::Text, text, false), Err(DateFault::Impossible), "{text}");
    }
    for text in [
        "",
        "abc",
        "2013",
        "2013-09",
        "13-9-1",
        "1.9.2013",
        "2013-9-1-1",
        "2013--1",
        "九月",
        "2013-09-01 上午",
    ] {
        assert_eq!(date(Kind::Text, text, false), Err(DateFault::Format), "{text}");
    }
}

#[test]
fn a_month_is_read_however_it_is_written() {
    for (kind, text) in [
        (Kind::Text, "202609"),
        (Kind::Number, "202609"),
        (Kind::Text, "2026-09"),
        (Kind::Text, "2026/9"),
        (Kind::Text, "2026.9"),
        (Kind::Text, "2026年9月"),
        (Kind::Text, "2026年9月15日"),
        (Kind::Text, "2026-09-01"),
        (Kind::Text, "20260901"),
        (Kind::Day, "46266"),
        (Kind::Number, "46266"),
        (Kind::Text, "2026-09-01 00:00:00"),
    ] {
        assert_eq!(month(kind, text, false), Ok(day(2026, 9, 1)), "{text}");
    }
    for text in ["2026", "202613", "2026-00", "秋季", "198909", "9-2026"] {
        assert!(month(Kind::Text, text, false).is_err(), "{text}");
    }
}
