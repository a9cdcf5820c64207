//! Lessons, staff training, qualifications and staffing.
