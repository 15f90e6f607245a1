//! The data of a COPY: what was written is read, however it is cut, and what is none is refused.

use bytes::BytesMut;
use queryengine_protocol::copy::{self, Reader};
use queryengine_protocol::errors::DecodeError;
use queryengine_protocol::frontend::IsNull;

const ROWS: [&[Option<&[u8]>]; 3] = [&[Some(b"ab"), None], &[], &[Some(b"")]];

fn data() -> BytesMut {
    let mut out = BytesMut::new();
    copy::header(&mut out);
    for row in ROWS {
        copy::row(&mut out, row.len(), |index, out| {
            Ok::<_, ()>(match row[index] {
                Some(value) => {
                    out.extend_from_slice(value);
                    IsNull::No
                }
                None => IsNull::Yes,
            })
        })
        .unwrap();
    }
    copy::trailer(&mut out);
    out
}

fn read<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Result<(Vec<Vec<u8>>, bool), DecodeError> {
    let (mut reader, mut rows) = (Reader::default(), Vec::new());
    for piece in pieces {
        reader.feed(piece);
        while let Some(row) = reader.next_row()? {
            rows.push(row.to_vec());
        }
    }
    Ok((rows, reader.is_ended()))
}

#[test]
fn rows_are_read_as_they_were_written_however_they_are_cut() {
    let data = data();
    let whole = read([&data[..]]).unwrap();
    assert_eq!(whole.0[0], b"\0\x02\0\0\0\x02ab\xff\xff\xff\xff");
    assert_eq!((whole.0.len(), whole.1), (3, true));
    for size in 1..data.len() {
        assert_eq!(
            read(data.chunks(size)).unwrap(),
            whole,
            "in pieces of {size}"
        );
    }
}

#[test]
fn data_that_is_cut_off_has_no_end() {
    let data = data();
    for end in 0..data.len() {
        let (rows, is_ended) = read([&data[..end]]).unwrap();
        assert!(!is_ended && rows.len() <= ROWS.len(), "{end}");
    }
}

#[test]
fn an_extension_of_the_header_is_passed_over() {
    let mut data = data().to_vec();
    data[18] = 3;
    data.splice(19..19, *b"ext");
    assert_eq!(read([&data[..]]).unwrap().0.len(), 3);
}

#[test]
fn what_is_no_such_data_is_refused() {
    let with = |place: usize, bytes: &[u8]| {
        let mut data = data().to_vec();
        data.splice(place..place + bytes.len(), bytes.iter().copied());
        read([&data[..]])
    };
    let meaningless = |value| Err(DecodeError::Value { tag: b'd', value });
    assert_eq!(with(0, b"X"), meaningless(b'X'.into()));
    assert_eq!(with(11, &[0, 1]), meaningless(0x1_0000)); // rows with OIDs, or what nobody knows
    assert_eq!(with(15, &[0xff; 4]), meaningless(-1));
    assert_eq!(with(19, &[0xff, 0xfe]), meaningless(-2));
    assert_eq!(with(21, &[0xff, 0xff, 0xff, 0xfe]), meaningless(-2));
    let long = with(21, &[0x7f, 0xff, 0xff, 0xff]);
    assert!(matches!(long, Err(DecodeError::TooLong { .. })), "{long:?}");
    let mut more = data();
    more.extend_from_slice(b"!");
    let trailing = DecodeError::Trailing {
        tag: b'd',
        bytes: 1,
    };
    assert_eq!(read([&more[..]]), Err(trailing));
}
