#define BOOST_TEST_MODULE faultline
#include <boost/test/unit_test.hpp>
