use super::*;
use proptest::prelude::*;

#[test]
fn an_identity_number_is_read_with_its_birth_date_and_sex() {
    let id = IdNumber::parse("41990120171005032x").unwrap();
    assert_eq!(id.as_str(), "41990120171005032X");
    assert_eq!(id.birth_date().to_string(), "2017-10-05");
    assert_eq!(id.sex(), Sex::Female);
    assert_eq!(IdNumber::parse("419901201811140156").unwrap().sex(), Sex::Male);
}

#[test]
fn each_fault_of_an_identity_number_has_its_name() {
    for (text, fault) in [
        ("", IdNumberFault::Shape),
        ("41990120171005032", IdNumberFault::Shape),
        ("41990120171005032XX", IdNumberFault::Shape),
        ("4199012017100503X2", IdNumberFault::Shape),
        ("４１９９０１", IdNumberFault::Shape),
        ("419901201802300288", IdNumberFault::BirthDate),
        ("419901289902010288", IdNumberFault::BirthDate),
        ("419901201109040360", IdNumberFault::CheckDigit),
    ] {
        assert_eq!(IdNumber::parse(text), Err(fault), "{text}");
    }
}

#[test]
fn a_student_number_is_of_three_kinds() {
    let number = StudentNumber::parse("g419901201806280293").unwrap();
    assert_eq!(number.as_str(), "G419901201806280293");
    assert_eq!(number.id_number().unwrap().as_str(), "419901201806280293");
    assert!(StudentNumber::parse("L41990120171005032x").is_ok());
    let issued = StudentNumber::parse("J41990120260001ab12").unwrap();
    assert_eq!((issued.as_str(), issued.id_number()), ("J41990120260001AB12", None));
    for (text, fault) in [
        ("419901201806280293", StudentNumberFault::Shape),
        ("X419901201806280293", StudentNumberFault::Shape),
        ("G41990120180628029A", StudentNumberFault::Shape),
        ("J4199012026000-ab12", StudentNumberFault::Shape),
        ("G419901201806280294", StudentNumberFault::Inside),
    ] {
        assert_eq!(StudentNumber::parse(text), Err(fault), "{text}");
    }
}

#[test]
fn the_numbers_that_an_identity_number_may_give() {
    let id = IdNumber::parse("419901201806280293").unwrap();
    let [g, l] = StudentNumber::candidates(&id);
    assert_eq!((g.as_str(), l.as_str()), ("G419901201806280293", "L419901201806280293"));
    assert_eq!(StudentNumber::parse(g.as_str()), Ok(g));
}

#[test]
fn a_phone_number_may_be_written_with_spaces_and_a_country_code() {
    for text in ["19916343706", "199 1634-3706", "+86 199-1634-3706", "008619916343706", "8619916343706"] {
        assert_eq!(Phone::parse(text).unwrap().as_str(), "19916343706", "{text}");
    }
    for text in ["", "1991634370", "29916343706", "0371-1234567", "1991634370a", "199163437061"] {
        assert_eq!(Phone::parse(text), Err(PhoneFault), "{text}");
    }
}

#[test]
fn a_name_has_one_spelling() {
    for (text, name) in [
        ("张　三", "张三"),
        (" 宋子佳\u{3000}", "宋子佳"),
        ("买买提•吐尔逊", "买买提·吐尔逊"),
        ("买买提 · 吐尔逊", "买买提·吐尔逊"),
        ("Anna  Maria O’Neil", "Anna Maria O'Neil"),
        ("J. Smith", "J. Smith"),
        ("𠮷田", "𠮷田"),
        ("王\u{30EDD}", "王\u{30EDD}"),
        ("李〇", "李〇"),
        ("Zoë-Lee", "Zoë-Lee"),
    ] {
        assert_eq!(PersonName::parse(text).unwrap().as_str(), name, "{text}");
    }
}

#[test]
fn each_fault_of_a_name_has_its_name() {
    let long = "王".repeat(51);
    for (text, fault) in [
        (" ", NameFault::Empty),
        ("=HYPERLINK(\"http://x\",\"点\")", NameFault::Formula),
        ("+1", NameFault::Formula),
        ("-王五", NameFault::Formula),
        ("@王五", NameFault::Formula),
        ("＝1", NameFault::Formula),
        (long.as_str(), NameFault::Length),
        ("王5", NameFault::Character),
        ("·王五", NameFault::Character),
        ("王五(转)", NameFault::Character),
        ("王\u{200B}五", NameFault::Character),
    ] {
        assert_eq!(PersonName::parse(text), Err(fault), "{text}");
    }
    assert!(PersonName::parse("王\u{E863}").unwrap().has_private_character());
}

#[test]
fn debug_tells_nothing() {
    let shown = format!(
        "{:?} {:?} {:?}",
        IdNumber::parse("419901201806280293").unwrap(),
        Phone::parse("19916343706").unwrap(),
        PersonName::parse("宋子佳").unwrap()
    );
    assert_eq!(shown, "IdNumber(…) Phone(…) PersonName(…)");
}

proptest! {
    #[test]
    fn no_text_makes_a_parser_panic(text in any::<String>()) {
        let _ = (IdNumber::parse(&text), StudentNumber::parse(&text), Phone::parse(&text), PersonName::parse(&text));
    }

    #[test]
    fn one_mistyped_digit_never_passes(at in 0usize..18, digit in 0u8..10) {
        let good = "419901201806280293";
        let mut bytes = good.as_bytes().to_vec();
        bytes[at] = b'0' + digit;
        let text = String::from_utf8(bytes).unwrap();
        prop_assert_eq!(IdNumber::parse(&text).is_ok(), text == good);
    }

    #[test]
    fn a_name_once_spelt_is_spelt_the_same_again(text in "\\PC{0,60}") {
        if let Ok(name) = PersonName::parse(&text) {
            prop_assert_eq!(PersonName::parse(name.as_str()).unwrap(), name);
        }
    }
}
