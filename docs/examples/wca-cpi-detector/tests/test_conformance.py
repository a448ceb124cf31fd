"""What WCA asks of every plugin; one test for each demand."""

from wca_core.testing import conformance

from wca_cpi_detector.detector import CpiDetector

TestConformance = conformance(CpiDetector)
