//! `inet` and `cidr`: classes of `ipaddress`.

use bytes::{BufMut, BytesMut};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyType};

use super::Refusal;
use super::numbers::malformed;

const FOUR: u8 = 2;
const SIX: u8 = 3;

static CLASSES: PyOnceLock<[Py<PyType>; 6]> = PyOnceLock::new();
const NAMES: [&str; 6] = [
    "IPv4Interface",
    "IPv6Interface",
    "IPv4Network",
    "IPv6Network",
    "IPv4Address",
    "IPv6Address",
];

fn classes(py: Python<'_>) -> PyResult<&[Py<PyType>; 6]> {
    CLASSES.get_or_try_init(py, || {
        let module = py.import("ipaddress")?;
        let found = NAMES.map(|name| {
            module
                .getattr(name)?
                .cast_into::<PyType>()
                .map_err(PyErr::from)
        });
        let mut all = Vec::with_capacity(NAMES.len());
        for class in found {
            all.push(class?.unbind());
        }
        all.try_into()
            .map_err(|_| malformed("classes of ipaddress"))
    })
}

/// Decode to an interface (`inet`) or a network (`cidr`).
pub fn decode<'py>(py: Python<'py>, raw: &[u8], network: bool) -> PyResult<Bound<'py, PyAny>> {
    let wrong = || malformed("network address");
    let [family, bits, _, length, address @ ..] = raw else {
        return Err(wrong());
    };
    let six = match (*family, address.len()) {
        (FOUR, 4) => 0,
        (SIX, 16) => 1,
        _ => return Err(wrong()),
    };
    if usize::from(*length) != address.len() || usize::from(*bits) > address.len() * 8 {
        return Err(wrong());
    }
    let class = &classes(py)?[usize::from(network) * 2 + six];
    class
        .bind(py)
        .call1(((PyBytes::new(py, address), *bits),))
        .map_err(|_| wrong())
}

/// Encode an interface, an address (whose network is itself alone), or a network.
pub fn encode(value: &Bound<'_, PyAny>, network: bool, out: &mut BytesMut) -> Result<(), Refusal> {
    let place = classes(value.py())?
        .iter()
        .position(|class| value.get_type().is(class));
    let (six, bits, address) = match (place, network) {
        (Some(place @ (2 | 3)), true) => (
            place == 3,
            value.getattr("prefixlen")?,
            value.getattr("network_address")?,
        ),
        (Some(place @ (0 | 1)), false) => {
            let prefix = value.getattr("network")?.getattr("prefixlen")?;
            (place == 1, prefix, value.getattr("ip")?)
        }
        (Some(place @ (4 | 5)), false) => {
            (place == 5, value.getattr("max_prefixlen")?, value.clone())
        }
        (_, true) => return Err(Refusal::Expected("a network")),
        (_, false) => return Err(Refusal::Expected("an interface or an address")),
    };
    for named in [value, &address] {
        let scope = named.getattr_opt(intern!(value.py(), "scope_id"))?;
        if scope.is_some_and(|scope| !scope.is_none()) {
            return Err(Refusal::Expected(
                "an address that is of no one machine's interface",
            ));
        }
    }
    let packed = address.getattr("packed")?;
    let packed = packed.cast::<PyBytes>().map_err(PyErr::from)?.as_bytes();
    out.put_u8(if six { SIX } else { FOUR });
    out.put_u8(bits.extract()?);
    out.put_u8(u8::from(network));
    out.put_u8(packed.len() as u8);
    out.put_slice(packed);
    Ok(())
}
