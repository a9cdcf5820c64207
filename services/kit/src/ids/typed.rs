//! The macro behind typed ids.

/// Defines a newtype over [`uuid::Uuid`] so that the id of one thing cannot be taken for that of another:
/// `typed_id!(/// A pupil. StudentId);`
///
/// It is bound and read like a `uuid` column on both engines, goes through serde as its text, and converts from and
/// into `Uuid`.
#[macro_export]
macro_rules! typed_id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[doc = ""]
        #[doc = concat!("Typed id `", stringify!($name), "`.")]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $crate::__private::Uuid);

        impl $name {
            /// The id without its type.
            pub fn uuid(self) -> $crate::__private::Uuid {
                self.0
            }
        }

        impl ::core::convert::From<$crate::__private::Uuid> for $name {
            fn from(id: $crate::__private::Uuid) -> Self {
                Self(id)
            }
        }

        impl ::core::convert::From<$name> for $crate::__private::Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Display::fmt(&self.0, f)
            }
        }

        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl ::core::str::FromStr for $name {
            type Err = $crate::__private::UuidError;

            fn from_str(text: &str) -> ::core::result::Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl $crate::__private::Serialize for $name {
            fn serialize<S: $crate::__private::Serializer>(&self, s: S) -> ::core::result::Result<S::Ok, S::Error> {
                $crate::__private::Serialize::serialize(&self.0, s)
            }
        }

        impl<'de> $crate::__private::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__private::Deserializer<'de>>(d: D) -> ::core::result::Result<Self, D::Error> {
                <$crate::__private::Uuid as $crate::__private::Deserialize<'de>>::deserialize(d).map(Self)
            }
        }

        $crate::__typed_id_storage!($name);
    };
}

/// The part of [`typed_id!`] that the engines need.
#[doc(hidden)]
#[macro_export]
macro_rules! __typed_id_storage {
    ($name:ident) => {
        impl $crate::__private::sqlx::Type<$crate::__private::Postgres> for $name {
            fn type_info() -> $crate::__private::PgTypeInfo {
                <$crate::__private::Uuid as $crate::__private::sqlx::Type<$crate::__private::Postgres>>::type_info()
            }
        }

        impl $crate::__private::PgHasArrayType for $name {
            fn array_type_info() -> $crate::__private::PgTypeInfo {
                <$crate::__private::Uuid as $crate::__private::PgHasArrayType>::array_type_info()
            }
        }

        impl $crate::__private::sqlx::Type<$crate::__private::Sqlite> for $name {
            fn type_info() -> $crate::__private::SqliteTypeInfo {
                <$crate::__private::Uuid as $crate::__private::sqlx::Type<$crate::__private::Sqlite>>::type_info()
            }
        }

        impl<'q> $crate::__private::sqlx::Encode<'q, $crate::__private::Postgres> for $name {
            fn encode_by_ref(
                &self,
                buffer: &mut $crate::__private::PgArgumentBuffer,
            ) -> ::core::result::Result<$crate::__private::IsNull, $crate::__private::BoxDynError> {
                $crate::__private::sqlx::Encode::<'q, $crate::__private::Postgres>::encode_by_ref(&self.0, buffer)
            }
        }

        impl<'q> $crate::__private::sqlx::Encode<'q, $crate::__private::Sqlite> for $name {
            fn encode_by_ref(
                &self,
                buffer: &mut $crate::__private::SqliteArgumentsBuffer,
            ) -> ::core::result::Result<$crate::__private::IsNull, $crate::__private::BoxDynError> {
                $crate::__private::sqlx::Encode::<'q, $crate::__private::Sqlite>::encode_by_ref(&self.0, buffer)
            }
        }

        impl<'r> $crate::__private::sqlx::Decode<'r, $crate::__private::Postgres> for $name {
            fn decode(
                value: $crate::__private::PgValueRef<'r>,
            ) -> ::core::result::Result<Self, $crate::__private::BoxDynError> {
                $crate::__private::sqlx::Decode::<'r, $crate::__private::Postgres>::decode(value).map(Self)
            }
        }

        impl<'r> $crate::__private::sqlx::Decode<'r, $crate::__private::Sqlite> for $name {
            fn decode(
                value: $crate::__private::SqliteValueRef<'r>,
            ) -> ::core::result::Result<Self, $crate::__private::BoxDynError> {
                $crate::__private::sqlx::Decode::<'r, $crate::__private::Sqlite>::decode(value).map(Self)
            }
        }
    };
}
