use super::super::*;
use xinqiao_kit::status::Violation;
