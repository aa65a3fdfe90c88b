# SPDX-License-Identifier: MIT
"""What payloads of DUMP and of FUNCTION DUMP are made of: lengths, texts, the checksum (protocol/rdb.h). """
POLYNOMIAL_REVERSED = 0x95AC9329AC4BC9B5


def crc_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (POLYNOMIAL_REVERSED if byte & 1 else 0)
        table.append(byte)
    return table


TABLE = crc_table()


def with_checksum(data):
    crc = 0
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return data + crc.to_bytes(8, "little")


def length(number):
    if number < 1 << 6:
        return bytes([number])
    if number < 1 << 14:
        return (0x4000 | number).to_bytes(2, "big")
    return b"\x80" + number.to_bytes(4, "big")


def raw_text(data):
    return length(len(data)) + data
