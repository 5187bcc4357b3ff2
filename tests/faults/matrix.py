"""Which test proves which row of the fault matrix; rows by their numbers there.

Faults. Each is over real sockets on loopback, or over real system calls; the rows that are proven elsewhere are not here.
"""

MATRIX = {
    5: (
        "a disk that fails while bytes are made durable",
        "storage/test_order.py::test_a_failed_syncfs_fails_the_put_and_is_not_tried_again",
        "storage/test_order.py::test_a_failed_fsync_fails_the_put_and_is_not_tried_again",
    ),
    6: (
        "bytes that changed on the way",
        "download/test_fetch.py::test_a_flipped_bit_is_found_by_each_declared_digest",
        "download/test_retries.py::test_what_may_pass_is_tried_again",
        "download/test_coding.py::test_a_flipped_bit_is_found",
        "pipeline/test_on_error.py::test_wrong_bytes_are_kept_for_a_look_out_of_the_store",
        "faults/test_small.py::test_a_flipped_bit_ends_a_sync_with_6_and_reaches_no_store",
    ),
    7: (
        "bodies that are cut off, too short or too long",
        "download/test_fetch.py::test_a_broken_answer_is_a_transient_error_and_leaves_nothing",
        "download/test_fetch.py::test_a_body_cut_off_in_order_is_found_by_its_size",
        "download/test_fetch.py::test_reading_stops_at_one_byte_more_than_declared",
        "download/test_fetch.py::test_an_endless_body_is_left_at_its_declared_size",
        "download/test_fetch.py::test_a_wrong_announced_length_is_refused_before_a_byte_comes",
        "faults/test_small.py::test_a_length_that_is_a_lie_is_found_and_asked_for_again",
    ),
    8: (
        "a server that drips",
        "download/test_tempo.py::test_a_server_that_drips_is_told_as_that_and_may_be_asked_again",
        "faults/test_small.py::test_who_drips_is_given_up_and_its_place_is_free",
    ),
    9: (
        "429 and 503 with Retry-After",
        "download/test_pauses.py::test_the_header_is_seconds_or_a_date",
        "download/test_pauses.py::test_who_asks_for_a_pause_gets_it_and_is_asked_again",
        "download/test_pauses.py::test_while_a_host_is_paused_nobody_asks_it_and_others_are_asked",
        "download/test_pauses.py::test_who_asks_for_more_than_anybody_would_wait_is_given_up",
        "faults/test_small.py::test_a_pause_is_waited_for_whether_in_seconds_or_as_a_date",
    ),
    10: (
        "some share of all connections is reset",
        "faults/test_small.py::test_all_files_arrive_though_one_connection_in_twenty_is_reset",
    ),
    11: (
        "names nobody knows, connections that are refused, certificates that are not to be believed",
        "download/test_retries.py::test_an_unknown_host_is_called_that_after_every_retry",
        "download/test_retries.py::test_a_refused_connection_is_called_that_after_every_retry",
        "download/test_tls.py::test_a_certificate_that_is_not_taken_is_asked_for_once",
        "download/test_tls.py::test_nobody_vouches_for_an_unknown_ca_and_it_is_asked_for_once",
        "download/test_tls.py::test_who_speaks_no_tls_is_asked_once",
    ),
    15: (
        "little on the wire that becomes too much",
        "download/test_coding.py::test_a_bomb_is_left_before_it_goes_off",
        "download/test_coding.py::test_little_that_becomes_too_much_is_refused_once_it_is_more_than_a_mebibyte",
        "download/test_coding.py::test_a_text_that_is_too_long_is_not_read_to_its_end",
        "faults/test_small.py::test_a_bomb_takes_no_memory",
    ),
    17: (
        "URLs and redirects that lead to addresses which are not public",
        "download/test_addresses.py::test_an_address_in_the_url_is_refused_once",
        "download/test_addresses.py::test_an_address_that_is_spelt_otherwise_is_refused_too",
        "download/test_addresses.py::test_a_name_is_refused_with_what_it_is_at",
        "download/test_addresses.py::test_what_was_checked_is_what_is_connected_to_and_each_answer_is_checked",
        "download/test_addresses.py::test_each_hop_is_checked",
        "download/test_fetch.py::test_a_redirect_never_leads_to_a_local_file",
    ),
    18: (
        "credentials on a way that leads elsewhere",
        "download/test_credentials.py::test_nothing_private_crosses_to_another_host_or_comes_back_from_it",
        "download/test_credentials.py::test_a_user_in_a_redirect_is_dropped",
        "download/test_sign_in.py::test_each_way_to_sign_in_is_for_its_origin_over_all_redirects",
        "download/test_tls.py::test_no_other_origin_is_shown_it",
        "download/test_proxies.py::test_a_redirect_to_another_origin_goes_over_it_too_without_what_is_the_origins",
        "download/test_fetch.py::test_no_cookie_comes_back",
    ),
    19: (
        "secrets in what is said, logged and kept",
        "faults/test_canary.py::test_a_file_that_does_not_come_tells_nothing",
        "faults/test_canary.py::test_metadata_that_does_not_come_tells_nothing",
        "faults/test_canary.py::test_a_proxy_that_does_not_work_tells_nothing",
        "download/test_retries.py::test_retries_are_not_logged_and_the_programs_own_still_are",
        "pipeline/test_remote.py::test_who_is_known_is_served_and_the_secret_is_kept_nowhere",
    ),
}
