"""Carriers of our own, one file for each protocol."""

from tests.carriers.fakes.ctwing import CTWingFake
from tests.carriers.fakes.jasper import JasperFake
from tests.carriers.fakes.m2m import M2MFake
from tests.carriers.fakes.onelink5 import OneLinkFake
from tests.carriers.fakes.unicom import UnicomFake

FAKES = {each.NAME: each for each in (OneLinkFake, UnicomFake, JasperFake, CTWingFake, M2MFake)}
