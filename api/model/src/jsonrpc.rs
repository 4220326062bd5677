//! The envelope of JSON-RPC 2.0.
//!
//! Parameters are given by name; a list of parameters is refused, because its meaning would hang on an order that
//! nobody reads. Source: JSON-RPC 2.0 specification, §4 to §6.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::{ApiError, Problem};

/// Most requests in one batch.
pub const BATCH_MAX: usize = 10;

/// One request.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// What the answer is to carry; none for a notification, which gets no answer.
    pub id: Option<Value>,
    /// The method's name.
    pub method: String,
    /// The parameters by name.
    pub params: Map<String, Value>,
}

/// A request that is none, and the id to answer with.
#[derive(Clone, Debug, PartialEq)]
pub struct BadRequest {
    /// The id found, or null. None: it was a notification, whose faults nobody is told.
    pub id: Option<Value>,
    /// What is wrong.
    pub error: ApiError,
}

impl Request {
    /// Reads a request.
    ///
    /// # Errors
    /// `InvalidRequest` when the envelope is wrong, `InvalidParams` when the parameters are not given by name.
    pub fn read(value: Value) -> Result<Self, BadRequest> {
        let wrong = |id: Option<Value>, fault: &str| BadRequest {
            id: Some(id.unwrap_or(Value::Null)),
            error: ApiError::InvalidRequest { fault: fault.to_owned() },
        };
        let Value::Object(mut members) = value else {
            return Err(wrong(None, "a request is an object"));
        };
        let id = members.remove("id");
        match &id {
            None | Some(Value::Null | Value::String(_) | Value::Number(_)) => {}
            Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
                return Err(wrong(None, "\"id\" is a string, a number or null"));
            }
        }
        if members.remove("jsonrpc") != Some(Value::String("2.0".to_owned())) {
            return Err(wrong(id, "\"jsonrpc\" must be \"2.0\""));
        }
        let Some(Value::String(method)) = members.remove("method") else {
            return Err(wrong(id, "\"method\" must be a string"));
        };
        let params = match members.remove("params") {
            None => Map::new(),
            Some(Value::Object(params)) => params,
            Some(_) => {
                let fault = "\"params\" must be an object: parameters are given by name, not by position";
                return Err(BadRequest { id, error: ApiError::InvalidParams { fault: fault.to_owned() } });
            }
        };
        match members.keys().next() {
            None => Ok(Self { id, method, params }),
            Some(extra) => {
                let fault = format!("{extra:?} is no member of a request");
                Err(wrong(id, &fault))
            }
        }
    }
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Response {
    /// Always `2.0`.
    pub jsonrpc: String,
    /// The request's id.
    pub id: Value,
    /// What was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// Or why it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorObject>,
}

/// Why there is no result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorObject {
    /// The number of the table in `error.rs`.
    pub code: i64,
    /// The error's title.
    pub message: String,
    /// The error as REST would send it.
    pub data: Problem,
}

impl Response {
    /// Answers request `id`.
    pub fn new(id: Value, outcome: Result<Value, ApiError>) -> Self {
        let (result, error) = match outcome {
            Ok(result) => (Some(result), None),
            Err(error) => (None, Some(ErrorObject::of(&error))),
        };
        Self { jsonrpc: "2.0".to_owned(), id, result, error }
    }
}

impl ErrorObject {
    fn of(error: &ApiError) -> Self {
        let row = error.row();
        Self { code: row.rpc, message: row.title.to_owned(), data: error.problem() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_is_read_by_name() {
        let request =
            Request::read(json!({"jsonrpc":"2.0","id":"a","method":"m","params":{"x":1}})).expect("good");
        assert_eq!((request.id, request.method.as_str()), (Some(json!("a")), "m"));
        let bare = Request::read(json!({"jsonrpc":"2.0","method":"m"})).expect("good");
        assert_eq!((bare.id, bare.params.len()), (None, 0));
    }

    #[test]
    fn faults_have_the_numbers_of_the_specification() {
        let cases = [
            (json!(1), -32600),
            (json!({}), -32600),
            (json!({"jsonrpc":"1.0","id":1,"method":"m"}), -32600),
            (json!({"jsonrpc":"2.0","id":1}), -32600),
            (json!({"jsonrpc":"2.0","id":1,"method":5}), -32600),
            (json!({"jsonrpc":"2.0","id":[1],"method":"m"}), -32600),
            (json!({"jsonrpc":"2.0","id":1,"method":"m","param":{}}), -32600),
            (json!({"jsonrpc":"2.0","id":1,"method":"m","params":[]}), -32602),
            (json!({"jsonrpc":"2.0","id":1,"method":"m","params":[1,2]}), -32602),
            (json!({"jsonrpc":"2.0","id":1,"method":"m","params":null}), -32602),
            (json!({"jsonrpc":"2.0","id":1,"method":"m","params":"x"}), -32602),
        ];
        for (value, number) in cases {
            let bad = Request::read(value.clone()).expect_err("bad");
            assert_eq!(bad.error.row().rpc, number, "{value}");
            assert!(bad.id.is_some(), "{value}");
        }
    }

    #[test]
    fn a_notification_with_bad_parameters_has_no_one_to_tell() {
        let bad = Request::read(json!({"jsonrpc":"2.0","method":"m","params":[]})).expect_err("bad");
        assert_eq!(bad.id, None);
    }
}
