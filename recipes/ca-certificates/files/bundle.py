"""Writes, as PEM, the certificates that certdata.txt trusts to identify web servers.

The file is a list of PKCS #11 objects: certificates, and what they are trusted for. A certificate
and its trust object have the issuer and the serial number in common.
"""
import base64
import re
import sys
import textwrap


def objects(text):
    """Each object as a dictionary from attribute to value; octal values as bytes."""
    current, lines = {}, iter(text.splitlines())
    for line in lines:
        words = line.split(None, 2)
        if not words or words[0].startswith("#") or words[0] == "BEGINDATA":
            continue
        if words[0] == "CKA_CLASS" and current:
            yield current
            current = {}
        if len(words) > 1 and words[1] == "MULTILINE_OCTAL":
            data = bytearray()
            for row in lines:
                if row == "END":
                    break
                data += bytes(int(digits, 8) for digits in re.findall(r"\\(\d{3})", row))
            current[words[0]] = bytes(data)
        elif len(words) > 2:
            current[words[0]] = words[2].strip('"')
    if current:
        yield current


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        everything = list(objects(file.read()))
    trusted = {
        (item.get("CKA_ISSUER"), item.get("CKA_SERIAL_NUMBER"))
        for item in everything
        if item.get("CKA_CLASS") == "CKO_NSS_TRUST"
        and item.get("CKA_TRUST_SERVER_AUTH") == "CKT_NSS_TRUSTED_DELEGATOR"
    }
    for item in everything:
        key = (item.get("CKA_ISSUER"), item.get("CKA_SERIAL_NUMBER"))
        if item.get("CKA_CLASS") != "CKO_CERTIFICATE" or key not in trusted:
            continue
        body = base64.b64encode(item["CKA_VALUE"]).decode()
        print("#", item.get("CKA_LABEL", "").encode("ascii", "replace").decode())
        print("-----BEGIN CERTIFICATE-----")
        print("\n".join(textwrap.wrap(body, 64)))
        print("-----END CERTIFICATE-----")


main()
